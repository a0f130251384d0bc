// SPDX-License-Identifier: Apache-2.0
// print-signals [--until N]: prints "ready", and then the number of every signal that it receives,
// a line each. Ends with 0 at signal N. Signals 32 and 33, which libc keeps for itself, are seen as
// well.
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>

int main(int argc, char** argv) {
    const int until = argc == 3 && strcmp(argv[1], "--until") == 0 ? atoi(argv[2]) : 0;
    constexpr unsigned long set_size = 8;
    sigset_t every;
    memset(&every, 0xff, sizeof every);
    if (syscall(SYS_rt_sigprocmask, SIG_BLOCK, &every, nullptr, set_size) != 0) {
        perror("print-signals: rt_sigprocmask");
        return 70;
    }
    setvbuf(stdout, nullptr, _IONBF, 0);
    std::puts("ready");
    for (;;) {
        const long signal = syscall(SYS_rt_sigtimedwait, &every, nullptr, nullptr, set_size);
        if (signal <= 0) {
            continue;
        }
        std::printf("%ld\n", signal);
        if (signal == until) {
            return 0;
        }
    }
}
