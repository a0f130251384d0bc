// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "muster/base/exit_code.hpp"

namespace muster {

/// An operational failure: a kind that says what to do, and one lower-case sentence that names
/// subject, value and, where there is one, the mend. Built on the way up, logged once where it is
/// handled.
struct [[nodiscard]] Error {
    Kind kind;
    std::string message;

    /// The same failure with "context: " before its message.
    Error within(std::string_view context) && {
        message.insert(0, fmt::format("{}: ", context));
        return std::move(*this);
    }
};

/// A value, or why there is none. Nothing of ours throws; what a library throws is caught where it
/// is wrapped.
template <class T>
using Result = tl::expected<T, Error>;

/// `return fail(Kind::io, "write {}: {}", path, reason);`
template <class... Args>
tl::unexpected<Error> fail(Kind kind, fmt::format_string<Args...> format, Args&&... args) {
    return tl::unexpected<Error>(Error{kind, fmt::format(format, std::forward<Args>(args)...)});
}

/// `result` with "context: " before its error's message.
template <class T>
Result<T> within(std::string_view context, Result<T> result) {
    if (!result) return tl::unexpected<Error>(std::move(result.error()).within(context));
    return result;
}

/// strerror of `error_number`, in one thread-safe call. Pass errno at once after the failing call.
std::string os_error(int error_number);

}  // namespace muster

#define MUSTER_CONCAT_(a, b) a##b
#define MUSTER_CONCAT(a, b) MUSTER_CONCAT_(a, b)

/// Returns the error of `expression` (a Result) from the enclosing function, if it has one.
#define TRY(expression)                                                             \
    do {                                                                            \
        if (auto try_result_ = (expression); !try_result_)                          \
            return tl::unexpected<::muster::Error>(std::move(try_result_.error())); \
    } while (false)

#define TRY_ASSIGN_(temporary, declaration, expression)                                   \
    auto temporary = (expression);                                                        \
    if (!temporary) return tl::unexpected<::muster::Error>(std::move(temporary.error())); \
    declaration = std::move(*temporary)

/// `TRY_ASSIGN(auto plan, make_plan(x));` binds the value or returns the error.
#define TRY_ASSIGN(declaration, expression) \
    TRY_ASSIGN_(MUSTER_CONCAT(try_assign_, __LINE__), declaration, expression)
