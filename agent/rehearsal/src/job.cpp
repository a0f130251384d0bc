// SPDX-License-Identifier: Apache-2.0
#include "job.hpp"

#include <algorithm>

#include "bytes.hpp"

namespace muster::rehearsal {
namespace {

Result<std::uint32_t> count_at(const json::Value& body, const std::string& key) {
    TRY_ASSIGN(const auto number, body.integer_at(key));
    if (number < 0 || number > 1 << 24) return fail(Kind::malformed, "'{}' is {}", key, number);
    return static_cast<std::uint32_t>(number);
}

constexpr std::string_view digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::string_view prefix = "ƒ";

}  // namespace

json::Value encode_request(const JobRequest& request) {
    auto body = json::Value::object();
    body.set("nodes", json::Value::integer(request.shape.nodes));
    body.set("tasks", json::Value::integer(request.shape.tasks));
    body.set("cores", json::Value::integer(request.shape.cores_per_task));
    body.set("exclusive", json::Value::boolean(request.shape.exclusive));
    body.set("watch", json::Value::boolean(request.watch));
    body.set("time_limit", json::Value::real(request.time_limit));
    auto ranks = json::Value::array();
    for (const Rank rank : request.ranks) ranks.append(json::Value::integer(rank));
    body.set("ranks", ranks);
    body.set("argv", encode_strings(request.plan.argv));
    body.set("env", encode_strings(request.plan.environment));
    body.set("cwd", encode_bytes(request.plan.directory));
    return body;
}

Result<JobRequest> decode_request(const json::Value& body) {
    JobRequest request;
    TRY_ASSIGN(request.shape.nodes, count_at(body, "nodes"));
    TRY_ASSIGN(request.shape.tasks, count_at(body, "tasks"));
    TRY_ASSIGN(request.shape.cores_per_task, count_at(body, "cores"));
    request.shape.exclusive = body.get("exclusive").as_boolean().value_or(false);
    request.watch = body.get("watch").as_boolean().value_or(false);
    request.time_limit = body.get("time_limit").as_number().value_or(0.0);
    if (request.shape.tasks == 0 || request.shape.cores_per_task == 0)
        return fail(Kind::malformed, "a job without tasks or cores");
    for (const auto& item : body.get("ranks").items()) {
        const auto rank = item.as_integer().value_or(-1);
        if (rank < 0 || rank > 1 << 24) return fail(Kind::malformed, "'ranks' holds {}", rank);
        request.ranks.push_back(static_cast<Rank>(rank));
    }
    TRY_ASSIGN(request.plan.argv, decode_strings(body.get("argv")));
    TRY_ASSIGN(request.plan.environment, decode_strings(body.get("env")));
    TRY_ASSIGN(request.plan.directory, decode_bytes(body.get("cwd")));
    if (request.plan.argv.empty()) return fail(Kind::malformed, "a job without a command");
    return request;
}

std::string Job::name() const {
    std::string text;
    for (JobId rest = id; rest > 0; rest /= static_cast<JobId>(digits.size()))
        text += digits[static_cast<std::size_t>(rest) % digits.size()];
    std::ranges::reverse(text);
    return std::string(prefix) + text;
}

Result<JobId> parse_job_name(std::string_view name) {
    auto rest = name;
    if (rest.starts_with(prefix))
        rest.remove_prefix(prefix.size());
    else if (rest.starts_with('f'))
        rest.remove_prefix(1);
    JobId id = 0;
    for (const char c : rest) {
        const auto digit = digits.find(c);
        if (digit == std::string_view::npos || id > 1LL << 50) id = -1;
        if (id < 0) break;
        id = id * static_cast<JobId>(digits.size()) + static_cast<JobId>(digit);
    }
    if (id <= 0 || rest.size() == name.size()) return fail(Kind::usage, "invalid jobid '{}'", name);
    return id;
}

}  // namespace muster::rehearsal
