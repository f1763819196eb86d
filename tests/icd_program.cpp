// icd_program FILE: ends with 0 when the library finds that file among what belongs to it, and with 1 when it does not.
// A program of its own, so that a test can give it to another user.

#include <host/module.hpp>

int main(int count, char** arguments) { return count == 2 && !flynn::find_installed(arguments[1]).empty() ? 0 : 1; }
