// flynn-worker BUILD PARENT: a worker of the processes backend, see host/pools/worker.hpp. All of it is in the library.
#include <host/cut/processes.hpp>

int main(int count, char** arguments) { flynn::processes::serve_backend(count, arguments); }
