// SPDX-License-Identifier: Apache-2.0
#include "jobs.hpp"

#include <algorithm>
#include <csignal>

namespace muster::rehearsal {
namespace {

json::Value text_body(std::string_view text) {
    return json::Value::object().set("text", json::Value::string(text));
}

}  // namespace

Jobs::~Jobs() {
    for (auto& [id, job] : jobs_)
        for (const auto timer : {job.kill_timer, job.limit_timer}) reactor_.cancel(timer);
}

Node* Jobs::node(Rank rank) {
    const auto found = std::ranges::find(nodes_, rank, &Node::rank);
    return found == nodes_.end() ? nullptr : &*found;
}

Job* Jobs::find(JobId id) {
    const auto found = jobs_.find(id);
    return found == jobs_.end() ? nullptr : &found->second;
}

void Jobs::tell(const Job& job, std::string_view what, json::Value body, std::string data) {
    if (job.watcher) handlers_.reply(*job.watcher, what, std::move(body), std::move(data));
}

void Jobs::set_nodes(std::vector<Node> nodes) {
    nodes_ = std::move(nodes);
    ready_ = true;
    schedule();
}

void Jobs::set_up(Rank rank, bool up) {
    if (Node* found = node(rank)) found->up = up;
    if (up) schedule();
}

void Jobs::set_drained(Rank rank, bool drained) {
    if (Node* found = node(rank)) found->drained = drained;
    if (!drained) schedule();
}

void Jobs::submit(const ClientAddress& client, const json::Value& body) {
    auto request = decode_request(body);
    if (!request) {
        handlers_.reply(client, topic::error, text_body(request.error().message), "");
        return;
    }
    // flux exec is no job: it works until the broker ends.
    if (stopped_ && !request->plain()) {
        handlers_.reply(client, topic::error,
                        text_body("job submission is disabled: the instance "
                                  "is shutting down"),
                        "");
        return;
    }
    const JobId id = ++last_id_;
    auto& job = jobs_[id];
    job.id = id;
    job.request = std::move(*request);
    job.watcher = client;
    tell(job, topic::accepted,
         json::Value::object()
             .set("name", json::Value::string(job.name()))
             .set("job", json::Value::integer(id)));
    if (!job.request.watch) {
        tell(job, topic::done, json::Value::object().set("code", json::Value::integer(0)));
        job.watcher.reset();
    }
    if (job.request.plain()) return start(job);
    schedule();
}

void Jobs::wait_room(const ClientAddress& client, const json::Value& body) {
    auto request = decode_request(body);
    if (!request)
        return handlers_.reply(client, topic::error, text_body(request.error().message), "");
    waiters_.push_back({client, request->shape});
    schedule();
}

void Jobs::forget(Rank rank, std::int64_t connection) {
    const auto is_it = [&](const ClientAddress& client) {
        return client.rank == rank && client.connection == connection;
    };
    for (auto& [id, job] : jobs_)
        if (job.watcher && is_it(*job.watcher)) job.watcher.reset();
    std::erase_if(waiters_, [&](const auto& waiter) { return is_it(waiter.client); });
}

void Jobs::schedule() {
    if (!ready_ || stopped_) return;
    std::erase_if(waiters_, [&](const Waiter& waiter) {
        if (const auto why = unsatisfiable(nodes_, waiter.shape); !why.empty())
            handlers_.reply(waiter.client, topic::error, text_body(why), "");
        else if (allocate(nodes_, waiter.shape))
            handlers_.reply(waiter.client, topic::done, json::Value::object(), "");
        else
            return false;
        return true;
    });
    // First come, first served: a job that has to wait holds up those after it.
    for (auto next = jobs_.begin(); next != jobs_.end();) {
        auto& job = (next++)->second;  // starting can finish and erase it
        if (job.state != Job::State::pending) continue;
        if (const auto why = unsatisfiable(nodes_, job.request.shape); !why.empty()) {
            job.code = 1;
            tell(job, topic::exception, text_body(why).set("type", json::Value::string("alloc")));
            finish(job);
            continue;
        }
        auto shares = allocate(nodes_, job.request.shape);
        if (!shares) return;
        job.shares = std::move(*shares);
        for (const auto& share : job.shares) node(share.rank)->used += share.cores;
        start(job);
    }
}

void Jobs::start(Job& job) {
    job.state = Job::State::running;
    if (job.request.plain())
        for (const Rank rank : job.request.ranks)
            job.shares.push_back({rank, static_cast<std::uint32_t>(job.shares.size()), 1, 0});
    for (const auto& share : job.shares)
        for (std::uint32_t i = 0; i < share.count; ++i) job.running.insert(share.first + i);
    if (job.request.time_limit > 0.0) {
        const auto limit = std::chrono::duration<double>(std::min(job.request.time_limit, 1e8));
        job.limit_timer =
            reactor_.after(std::chrono::duration_cast<Duration>(limit), [this, id = job.id] {
                if (Job* late = find(id); late != nullptr && !late->failed)
                    raise(*late, "timeout", "resource allocation expired", SIGALRM);
            });
    }
    order_tasks(job);
}

void Jobs::order_tasks(Job& job) {
    const JobId id = job.id;
    TaskOrder order{.job = id,
                    .job_name = job.name(),
                    .nodes = static_cast<std::uint32_t>(job.shares.size()),
                    .tasks = static_cast<std::uint32_t>(job.running.size()),
                    .plain = job.request.plain(),
                    .plan = job.request.plan};
    const auto shares = job.shares;  // a task that cannot start may end the job meanwhile
    for (const auto& share : shares) {
        order.first = share.first;
        order.count = share.count;
        const Node* at = node(share.rank);
        if (order.plain && (at == nullptr || !at->up)) {
            if (Job* again = find(id)) {
                tell(*again, topic::note, json::Value::object(),
                     fmt::format("flux-exec: Error: rank {}: {}: No route to host\n", share.rank,
                                 order.plan.argv[0]));
                end_tasks(*again, share.first, 68);
            }
        } else {
            handlers_.send(encode_order(order, share.rank));
        }
        ++order.node;
    }
}

void Jobs::on_task_message(const Message& message) {
    Job* job = find(message.body.get("job").as_integer().value_or(-1));
    if (job == nullptr) return;
    const auto task = message.body.get("task").as_integer().value_or(-1);
    if (message.topic == topic::task_output) {
        auto body = json::Value::object();
        body.set("task", json::Value::integer(task));
        body.set("stderr", message.body.get("stderr"));
        tell(*job, topic::output, body, message.data);
    } else if (message.topic == topic::task_note) {
        tell(*job, topic::note, json::Value::object(), message.data);
    } else if (message.topic == topic::task_end) {
        if (const auto text = message.body.get("exception").as_string(); text && !job->failed)
            raise(*job, "exec", *text);
        const auto code = message.body.get("code").as_integer().value_or(1);
        end_tasks(*job, static_cast<std::uint32_t>(task), static_cast<int>(code));
    }
}

void Jobs::end_tasks(Job& job, std::uint32_t number, int code) {
    if (job.running.erase(number) == 0) return;
    job.code = std::max(job.code, code);
    if (job.running.empty()) finish(job);
}

void Jobs::raise(Job& job, std::string_view type, std::string_view text, int number) {
    job.failed = true;
    tell(job, topic::exception, text_body(text).set("type", json::Value::string(type)));
    signal(job, number);
    job.kill_timer = reactor_.after(options_.kill_timeout, [this, id = job.id] {
        if (Job* late = find(id)) signal(*late, SIGKILL);
    });
}

void Jobs::lose(Rank rank, const std::string& host) {
    set_up(rank, false);
    std::vector<JobId> ids;
    for (const auto& [id, job] : jobs_) ids.push_back(id);
    for (const JobId id : ids) {
        Job* job = find(id);
        if (job == nullptr || job->state != Job::State::running) continue;
        const auto share = std::ranges::find(job->shares, rank, &Share::rank);
        if (share == job->shares.end()) continue;
        const Share lost = *share;
        bool any = false;
        for (std::uint32_t i = 0; i < lost.count; ++i)
            any = any || job->running.contains(lost.first + i);
        if (any && !job->failed)
            raise(*job, "exec", fmt::format("node failure on {} (rank {})", host, rank));
        for (std::uint32_t i = 0; i < lost.count && (job = find(id)) != nullptr; ++i)
            end_tasks(*job, lost.first + i, 1);
    }
}

void Jobs::signal(const Job& job, int number) {
    const auto shares = job.shares;  // to rank 0 it is delivered at once, and may end the job
    const JobId id = job.id;
    for (const auto& share : shares) {
        Message message{.topic = std::string(topic::task_signal), .from = 0, .to = share.rank};
        message.body.set("job", json::Value::integer(id));
        message.body.set("signal", json::Value::integer(number));
        handlers_.send(std::move(message));
    }
}

void Jobs::signal_all(int number) {
    std::vector<JobId> ids;
    for (const auto& [id, job] : jobs_)
        if (job.state == Job::State::running) ids.push_back(id);
    for (const JobId id : ids)
        if (const Job* job = find(id)) signal(*job, number);
}

void Jobs::cancel(JobId id) {
    Job* job = find(id);
    if (job == nullptr || job->failed) return;
    if (job->state == Job::State::running) return raise(*job, "cancel", "");
    job->code = 1;
    tell(*job, topic::exception, text_body("").set("type", json::Value::string("cancel")));
    finish(*job);
}

void Jobs::finish(Job& job) {
    for (const auto timer : {job.kill_timer, job.limit_timer}) reactor_.cancel(timer);
    for (const auto& share : job.shares)
        if (Node* at = node(share.rank)) at->used -= share.cores;
    tell(job, topic::done, json::Value::object().set("code", json::Value::integer(job.code)));
    jobs_.erase(job.id);
    // Not from within: the caller may be going through the jobs.
    reactor_.after(Duration::zero(), [this] {
        schedule();
        check_idle();
    });
}

void Jobs::stop(std::function<void()> when_idle) {
    stopped_ = true;
    when_idle_ = std::move(when_idle);
    std::vector<JobId> ids;
    for (const auto& [id, job] : jobs_)
        if (job.state == Job::State::running && !job.request.plain()) ids.push_back(id);
    for (const JobId id : ids) cancel(id);
    check_idle();
}

void Jobs::check_idle() {
    const auto is_running = [](const auto& entry) {
        return entry.second.state == Job::State::running && !entry.second.request.plain();
    };
    if (!when_idle_ || std::ranges::any_of(jobs_, is_running)) return;
    const auto when_idle = std::exchange(when_idle_, nullptr);
    when_idle();
}

}  // namespace muster::rehearsal
