// SPDX-License-Identifier: Apache-2.0
// bin/NAME of a bundle: starts libexec/NAME through the bundle's own loader, with the bundle's own
// libraries (ld.so(8)). Nothing is put into the environment, so nothing reaches the broker or the
// user's program; NAME learns where it lives from its argv[0], which is this launcher's path.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace {

constexpr int cannot_execute = 126;  // POSIX, 2.8.2

int refuse(const char* what, int error) {
    fprintf(stderr, "muster: error: start %s: %s: install the bundle anew\n", what,
            strerror(error));
    return cannot_execute;
}

/// Cuts the last component off `path`, which is absolute.
void to_parent(char* path) {
    *strrchr(path, '/') = '\0';
}

}  // namespace

int main(int argc, char** argv) {
    char self[PATH_MAX] = "";
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0) return refuse("from a bundle: /proc is not mounted", errno);
    const char* name = strrchr(self, '/') + 1;
    char root[PATH_MAX];
    strcpy(root, self);
    to_parent(root);
    to_parent(root);

    char loader[PATH_MAX + 16];
    char libraries[PATH_MAX + 16];
    char program[2 * PATH_MAX];
    snprintf(loader, sizeof loader, "%s/lib/ld.so", root);
    snprintf(libraries, sizeof libraries, "%s/lib", root);
    snprintf(program, sizeof program, "%s/libexec/%s", root, name);

    char library_path[] = "--library-path";
    char inhibit_cache[] = "--inhibit-cache";
    char argv0[] = "--argv0";
    char* first[] = {loader, library_path, libraries, inhibit_cache, argv0, self, program};
    constexpr size_t count = sizeof first / sizeof first[0];
    const size_t rest = argc > 1 ? static_cast<size_t>(argc - 1) : 0;
    auto** words = static_cast<char**>(calloc(count + rest + 1, sizeof(char*)));
    if (words == nullptr) return refuse(program, ENOMEM);
    memcpy(words, first, sizeof first);
    if (rest > 0) memcpy(words + count, argv + 1, rest * sizeof(char*));
    if (access(program, X_OK) != 0) return refuse(program, errno);
    execve(loader, words, environ);
    return refuse(loader, errno);
}
