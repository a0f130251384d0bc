// SPDX-License-Identifier: Apache-2.0
#include "environment.hpp"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>

#include "text.hpp"

namespace muster::init {
namespace {

template <std::size_t size>
void set_text(std::array<char, size>& into, const Line& line) {
    const std::size_t length = std::min(line.view().size(), size - 1);
    memcpy(into.data(), line.c_str(), length);
    into[length] = '\0';
}

bool is_named(const char* entry, const char* name) {
    const std::size_t length = strcspn(name, "=");
    return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

bool is_in(const char* entry, const char* const* names) {
    for (; *names != nullptr; ++names) {
        if (is_named(entry, *names)) {
            return true;
        }
    }
    return false;
}

/// The caller's environment, less `dropped` variables, plus `added` ones ("NAME=VALUE", which also
/// replace). One allocation; null when it failed.
char** make_environment(const char* const* dropped, char* const* added) {
    std::size_t count = 1;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        ++count;
    }
    for (char* const* entry = added; *entry != nullptr; ++entry) {
        ++count;
    }
    auto** environment = static_cast<char**>(calloc(count, sizeof(char*)));
    if (environment == nullptr) {
        return nullptr;
    }
    std::size_t at = 0;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        if (!is_in(*entry, dropped) && !is_in(*entry, added)) {
            environment[at++] = *entry;
        }
    }
    for (char* const* entry = added; *entry != nullptr; ++entry) {
        environment[at++] = *entry;
    }
    return environment;
}

}  // namespace

bool Environment::prepare(const char* grace_text) {
    set_text(pipe_variable_, Line() << "MUSTER_INIT_FD=");
    std::array<char*, 3> added{pipe_variable_.data(), nullptr, nullptr};
    if (grace_text != nullptr) {
        set_text(grace_variable_, Line() << "MUSTER_GRACE=" << grace_text);
        added[1] = grace_variable_.data();
    }
    constexpr std::array<const char*, 2> dropped{"MUSTER_INIT_FD", nullptr};
    with_pipe_ = make_environment(dropped.data(), added.data());
    plain_ = make_environment(dropped.data(), added.data() + 1);
    return with_pipe_ != nullptr && plain_ != nullptr;
}

char** Environment::of_command(int descriptor) {
    set_text(pipe_variable_, Line() << "MUSTER_INIT_FD=" << descriptor);
    return with_pipe_;
}

}  // namespace muster::init
