// SPDX-License-Identifier: Apache-2.0
#include "watch.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

namespace muster::rehearsal {
namespace {

std::string text_of(const Message& message) {
    return message.body.get("text").as_string().value_or("");
}

void print(int fd, std::string_view text) {
    // Whoever closed our output ends us by SIGPIPE; another failure of a terminal is not the job's.
    static_cast<void>(write_all(fd, text));
}

/// flux-job's last words on a job that failed.
std::string verdict(int code) {
    if (code > 128) return fmt::format("flux-job: task(s) {}\n", ::strsignal(code - 128));
    return fmt::format("flux-job: task(s) exited with exit code {}\n", code);
}

}  // namespace

Result<int> Watch::run(std::vector<JobRequest> requests) {
    TRY(client_.catch_signals());
    for (const auto& request : requests) {
        TRY_ASSIGN(const auto number, client_.send(topic::submit, encode_request(request)));
        jobs_[number] = {.since = SystemClock().now()};
    }
    while (!jobs_.empty()) {
        TRY_ASSIGN(const auto message, client_.receive());
        if (message)
            handle(*message);
        else
            TRY(on_signal());
    }
    if (signal_ != 0) end_by_signal();
    return code_;
}

void Watch::handle(const Message& message) {
    const auto request = message.body.get("request").as_integer().value_or(0);
    const auto found = jobs_.find(request);
    if (found == jobs_.end()) return;
    if (message.topic == topic::accepted) {
        auto& job = found->second;
        job.id = message.body.get("job").as_integer().value_or(0);
        job.name = message.body.get("name").as_string().value_or("");
        if (!options_.quiet && command_ != JobCommand::run) print(STDOUT_FILENO, job.name + '\n');
        if (signal_ != 0) static_cast<void>(cancel(job.id));
    } else if (message.topic == topic::output) {
        print_output(message);
    } else if (message.topic == topic::note) {
        print(STDERR_FILENO, message.data);
    } else if (message.topic == topic::exception) {
        print_exception(found->second, message);
    } else if (message.topic == topic::error) {
        print(STDERR_FILENO, fmt::format("flux-{}: ERROR: {}\n", name(command_), text_of(message)));
        end(request, 1);
    } else if (message.topic == topic::done) {
        const auto code = message.body.get("code").as_integer().value_or(1);
        end(request, static_cast<int>(code));
    }
}

void Watch::print_output(const Message& message) const {
    const bool err = message.body.get("stderr").as_boolean().value_or(false);
    if (!options_.label_io) return print(err ? STDERR_FILENO : STDOUT_FILENO, message.data);
    const auto task = message.body.get("task").as_integer().value_or(0);
    const auto at = static_cast<std::size_t>(task);
    const auto label =
        fmt::format("{}: ", at < options_.labels.size() ? options_.labels[at] : task);
    std::string text;
    std::string_view rest = message.data;
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n'));
        text += label;
        text += line;
        text += '\n';
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    }
    print(err ? STDERR_FILENO : STDOUT_FILENO, text);
}

void Watch::print_exception(const Followed& job, const Message& message) const {
    const auto what =
        fmt::format("type={} severity=0 {}\n", message.body.get("type").as_string().value_or(""),
                    text_of(message));
    // flux-job(1) words it in two ways, for one job and for several.
    const std::chrono::duration<double> after = SystemClock().now() - job.since;
    print(STDERR_FILENO, command_ == JobCommand::run ? fmt::format("{:.3f}s: job.exception {} {}",
                                                                   after.count(), job.name, what)
                                                     : fmt::format("job.exception: {}", what));
}

void Watch::end(std::int64_t request, int code) {
    jobs_.erase(request);
    code_ = std::max(code_, code);
    if (code != 0 && command_ == JobCommand::run) print(STDERR_FILENO, verdict(code));
}

Result<void> Watch::on_signal() {
    if (signal_ != 0) end_by_signal();
    signal_ = client_.caught();
    for (const auto& [request, job] : jobs_) TRY(cancel(job.id));
    return {};
}

Result<void> Watch::cancel(JobId job) {
    if (job == 0) return {};  // not accepted yet: cancelled when it is
    TRY(client_.send(topic::cancel, json::Value::object().set("job", json::Value::integer(job))));
    return {};
}

void Watch::end_by_signal() const {
    ::signal(signal_, SIG_DFL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal_);
    ::raise(signal_);
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
    ::_exit(128 + signal_);
}

}  // namespace muster::rehearsal
