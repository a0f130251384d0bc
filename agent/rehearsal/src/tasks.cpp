// SPDX-License-Identifier: Apache-2.0
#include "tasks.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "bytes.hpp"

namespace muster::rehearsal {
namespace {

Result<std::uint32_t> count_at(const json::Value& body, const std::string& key) {
    TRY_ASSIGN(const auto number, body.integer_at(key));
    if (number < 0 || number > 1 << 30) return fail(Kind::malformed, "'{}' is {}", key, number);
    return static_cast<std::uint32_t>(number);
}

void set_variable(std::vector<std::string>& environment, std::string_view name,
                  std::string_view value) {
    const auto prefix = fmt::format("{}=", name);
    std::erase_if(environment, [&](const auto& one) { return one.starts_with(prefix); });
    environment.push_back(prefix + std::string(value));
}

/// `path` with `directory` first.
std::string with_first(std::string_view path, const std::string& directory) {
    if (path == directory || path.starts_with(directory + ':')) return std::string(path);
    return path.empty() ? directory : fmt::format("{}:{}", directory, path);
}

/// A directory that this pod does not have is no reason to fail (flux-shell's own rule and words).
std::string choose_directory(const std::string& wanted, std::string& note) {
    struct stat info{};
    int error = ::stat(wanted.c_str(), &info) == 0 ? 0 : errno;
    if (error == 0 && !S_ISDIR(info.st_mode)) error = ENOTDIR;
    if (error == 0 && ::access(wanted.c_str(), X_OK) != 0) error = errno;
    if (error == 0) return wanted;
    note = fmt::format("Could not change dir to {}: {}. Going to /tmp instead", wanted,
                       os_error(error));
    return "/tmp";
}

}  // namespace

Message encode_order(const TaskOrder& order, Rank to) {
    Message message{.topic = std::string(topic::task_start), .from = 0, .to = to};
    message.body.set("job", json::Value::integer(order.job));
    message.body.set("name", json::Value::string(order.job_name));
    message.body.set("node", json::Value::integer(order.node));
    message.body.set("nodes", json::Value::integer(order.nodes));
    message.body.set("tasks", json::Value::integer(order.tasks));
    message.body.set("first", json::Value::integer(order.first));
    message.body.set("count", json::Value::integer(order.count));
    message.body.set("plain", json::Value::boolean(order.plain));
    message.body.set("argv", encode_strings(order.plan.argv));
    message.body.set("env", encode_strings(order.plan.environment));
    message.body.set("cwd", encode_bytes(order.plan.directory));
    return message;
}

Result<TaskOrder> decode_order(const Message& message) {
    const auto& body = message.body;
    TaskOrder order;
    TRY_ASSIGN(order.job, body.integer_at("job"));
    TRY_ASSIGN(order.job_name, body.string_at("name"));
    TRY_ASSIGN(order.node, count_at(body, "node"));
    TRY_ASSIGN(order.nodes, count_at(body, "nodes"));
    TRY_ASSIGN(order.tasks, count_at(body, "tasks"));
    TRY_ASSIGN(order.first, count_at(body, "first"));
    TRY_ASSIGN(order.count, count_at(body, "count"));
    order.plain = body.get("plain").as_boolean().value_or(false);
    TRY_ASSIGN(order.plan.argv, decode_strings(body.get("argv")));
    TRY_ASSIGN(order.plan.environment, decode_strings(body.get("env")));
    TRY_ASSIGN(order.plan.directory, decode_bytes(body.get("cwd")));
    if (order.plan.argv.empty()) return fail(Kind::malformed, "a task without a command");
    return order;
}

std::vector<std::string> task_environment(const TaskOrder& order, std::uint32_t number,
                                          const std::string& uri, const std::string& program_path) {
    auto environment = order.plan.environment;
    std::string path = "/usr/local/bin:/usr/bin:/bin";
    for (const auto& variable : environment)
        if (variable.starts_with("PATH=")) path = variable.substr(5);
    set_variable(environment, "PATH", with_first(path, program_path));
    set_variable(environment, "FLUX_URI", uri);
    if (order.plain) return environment;
    set_variable(environment, "FLUX_JOB_ID", order.job_name);
    set_variable(environment, "FLUX_JOB_SIZE", std::to_string(order.tasks));
    set_variable(environment, "FLUX_JOB_NNODES", std::to_string(order.nodes));
    set_variable(environment, "FLUX_TASK_RANK", std::to_string(number));
    set_variable(environment, "FLUX_TASK_LOCAL_ID", std::to_string(number - order.first));
    return environment;
}

void Tasks::report(std::string_view what, JobId job, std::uint32_t number, json::Value body,
                   std::string data) {
    body.set("job", json::Value::integer(job));
    body.set("task", json::Value::integer(number));
    send_({.topic = std::string(what),
           .from = options_.rank,
           .to = 0,
           .body = std::move(body),
           .data = std::move(data)});
}

Result<void> Tasks::start(const Message& message) {
    auto order = within("task order", decode_order(message));
    if (!order) return tl::unexpected<Error>(std::move(order.error()));
    std::string note;
    order->plan.directory = choose_directory(order->plan.directory, note);
    if (!note.empty())
        report(topic::task_note, order->job, order->first, json::Value::object(),
               fmt::format("flux-shell[{}]:  ERROR: host {}: {}\n", order->node, options_.hostname,
                           note));
    for (std::uint32_t i = 0; i < order->count; ++i) start_one(*order, order->first + i);
    return {};
}

void Tasks::start_one(const TaskOrder& order, std::uint32_t number) {
    const Key key{order.job, number};
    TaskPlan plan = order.plan;
    plan.environment = task_environment(order, number, options_.uri, options_.program_path);
    auto task = Task::start(
        reactor_, plan,
        {.on_output =
             [this, key](Task::Stream stream, std::string data) {
                 auto body = json::Value::object();
                 body.set("stderr", json::Value::boolean(stream == Task::Stream::err));
                 report(topic::task_output, key.first, key.second, body, std::move(data));
             },
         .on_end =
             [this, key](ExitStatus status) {
                 auto body = json::Value::object();
                 body.set("code", json::Value::integer(status.shell_code()));
                 report(topic::task_end, key.first, key.second, body, "");
                 tasks_.erase(key);
             }});
    if (task) {
        tasks_[key] = std::move(*task);
        return;
    }
    const auto& error = task.error();
    const auto text = fmt::format("task {} (host {}): start failed: {}: {}", number,
                                  options_.hostname, order.plan.argv[0], error.message);
    report(topic::task_note, order.job, number, json::Value::object(),
           fmt::format("flux-shell[{}]: FATAL: {}\n", order.node, text));
    auto body = json::Value::object();
    const int code = error.kind == Kind::io ? 1 : exit_code(error.kind);
    body.set("code", json::Value::integer(code));
    body.set("exception", json::Value::string(text));
    report(topic::task_end, order.job, number, body, "");
}

void Tasks::signal(const Message& message) {
    const auto job = message.body.get("job").as_integer().value_or(-1);
    const auto number = message.body.get("signal").as_integer().value_or(SIGTERM);
    std::vector<Key> keys;
    for (const auto& [key, task] : tasks_)
        if (job == 0 || key.first == job) keys.push_back(key);
    for (const auto& key : keys)
        if (const auto found = tasks_.find(key); found != tasks_.end())
            found->second->signal(static_cast<int>(number));
}

}  // namespace muster::rehearsal
