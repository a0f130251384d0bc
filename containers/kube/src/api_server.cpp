// SPDX-License-Identifier: Apache-2.0
#include "muster/kube/api_server.hpp"

#include <algorithm>
#include <charconv>

#include "status.hpp"

namespace muster::kube {
namespace {

/// The server's words, unless they could quote a Secret that we sent.
std::string words_of(const Request& request, std::string words) {
    const bool has_secret =
        !request.body.empty() && request.path.find("/secrets") != std::string::npos;
    if (has_secret) return "its words are not repeated here, they may quote the Secret";
    return words.empty() ? "it does not say why" : words;
}

/// The authorizer says so, `cannot create resource "jobs"`; admission refuses with 403, too.
std::string_view mend_of_denial(const Failure& failure, std::string_view words) {
    // Nothing can be made any more in one that is being deleted, whatever the rights.
    if (std::ranges::find(failure.causes, "NamespaceTerminating") != failure.causes.end())
        return "; the namespace is being deleted";
    if (words.find("exceeded quota") != words.npos)
        return "; a ResourceQuota of the namespace allows no more";
    if (words.empty() || words.find(" cannot ") != words.npos) return "; its Role must allow this";
    return "; what the cluster admits forbids it";
}

std::string_view mend_of(const Failure& failure, std::string_view words) {
    switch (failure.code) {
        case 401:
            return "; the token or client certificate is not valid there, renew it";
        case 403:
            return mend_of_denial(failure, words);
        default:
            return "";
    }
}

}  // namespace

Error Failure::error() const {
    const auto kind = [&] {
        if (is_network() || code == 429 || code >= 500) return Kind::unavailable;
        if (code == 401 || code == 403) return Kind::denied;
        return code >= 400 ? Kind::config : Kind::protocol;
    }();
    return Error{kind, message};
}

Failure read_status(const Request& request, int code, const json::Value& status) {
    Failure failure{.code = code, .reason = status.get("reason").as_string().value_or("")};
    if (code == 0) failure.code = static_cast<int>(status.get("code").as_integer().value_or(500));
    const auto details = status.get("details");
    for (const auto& cause : details.get("causes").items())
        if (const auto reason = cause.get("reason").as_string()) failure.causes.push_back(*reason);
    if (const auto seconds = details.get("retryAfterSeconds").as_integer())
        failure.retry_after = std::chrono::seconds(*seconds);
    const auto words = status.get("message").as_string().value_or("");
    failure.message = fmt::format(
        "{} {}: the API server answered {}{}{}: {}{}", request.method, request.path, failure.code,
        failure.reason.empty() ? "" : " ", failure.reason, words_of(request, words),
        mend_of(failure, words));
    return failure;
}

Failure read_refusal(const Request& request, int code, std::string_view body) {
    const auto parsed = json::Value::parse(body);
    if (parsed && parsed->is_object()) return read_status(request, code, *parsed);
    // Whatever stands before it answered, in plain text or HTML.
    const auto text = body.substr(0, std::min<std::size_t>(body.find_first_of("\r\n"), 200));
    return read_status(request, code,
                       json::Value::object().set("message", json::Value::string(text)));
}

std::optional<Duration> parse_retry_after(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    unsigned seconds = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), seconds).ec != std::errc())
        return std::nullopt;
    return std::chrono::seconds(seconds);
}

}  // namespace muster::kube
