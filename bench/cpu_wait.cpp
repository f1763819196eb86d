#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include <bench/cpu_wait.hpp>

namespace flynn::bench {

double cpu_wait() {
  DIR* const tasks = opendir("/proc/self/task");
  if (!tasks) return 0;
  double nanoseconds = 0;
  while (const dirent* task = readdir(tasks)) {
    if (task->d_name[0] == '.') continue;
    char path[64], text[128];
    std::snprintf(path, sizeof path, "%.20s/schedstat", task->d_name);
    const int file = openat(dirfd(tasks), path, O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;  // the thread has ended
    const ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0) continue;
    text[length] = '\0';
    char* second = nullptr;  // time on a CPU, time that it waited for one, time slices
    std::strtoull(text, &second, 10);
    nanoseconds += double(std::strtoull(second, nullptr, 10));
  }
  closedir(tasks);
  return nanoseconds * 1e-9;
}

}  // namespace flynn::bench
