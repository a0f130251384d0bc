// SPDX-License-Identifier: Apache-2.0
// Where messages go, and what clients are told.
#include <pwd.h>
#include <unistd.h>

#include "broker.hpp"

namespace muster::rehearsal {
namespace {

std::string user_name() {
    const passwd* entry = ::getpwuid(::getuid());
    return entry == nullptr ? std::to_string(::getuid()) : entry->pw_name;
}

bool is_answer(std::string_view what) {
    return what == topic::accepted || what == topic::output || what == topic::note ||
           what == topic::exception || what == topic::done || what == topic::error;
}

json::Value text_body(std::string_view text) {
    return json::Value::object().set("text", json::Value::string(text));
}

}  // namespace

void Broker::send(Message message) {
    const Rank self = setup_.rank();
    if (message.to == self) {
        // Never from within: who sends need not be ready for what comes of it.
        reactor_.after(Duration::zero(), [this, message = std::move(message)]() mutable {
            handle(std::move(message));
        });
        return;
    }
    if (const auto child = setup_.overlay.tree.child_towards(self, message.to)) {
        if (children_) children_->send(*child, message);
    } else if (parent_ && parent_->joined()) {
        // Before it has accepted our hello, a parent sends away whoever says anything else.
        parent_->send(message);
    }
}

void Broker::handle(Message message) {
    if (given_up_) return;
    if (message.topic == topic::task_start) {
        if (const auto started = tasks_->start(message); !started)
            log_(Severity::err, "job-exec", "{}", started.error().message);
    } else if (message.topic == topic::task_signal) {
        tasks_->signal(message);
    } else if (is_answer(message.topic)) {
        if (const auto client = decode_address(message.body)) {
            message.body.set("request", json::Value::integer(client->request));
            local_->send(client->connection, message);
        }
    } else if (is_leader()) {
        handle_at_leader(std::move(message));
    }
}

void Broker::handle_at_leader(Message message) {
    const auto& what = message.topic;
    const auto& body = message.body;
    if (what == "member.online")
        return on_online(message.from,
                         static_cast<std::uint32_t>(body.get("cores").as_integer().value_or(1)));
    if (what == "member.lost" || what == "member.left") return on_offline(message);
    if (what == topic::task_output || what == topic::task_note || what == topic::task_end)
        return jobs_->on_task_message(message);
    if (what == "client.gone")
        return jobs_->forget(message.from, body.get("connection").as_integer().value_or(0));
    if (what == "log")
        return log_.print_forwarded(
            {static_cast<Severity>(body.get("severity").as_integer().value_or(3)),
             body.get("component").as_string().value_or("broker"), message.from,
             body.get("text").as_string().value_or("")});
    const auto client = decode_address(body);
    if (!client) return;
    const auto done = [&](json::Value answer) {
        reply(*client, topic::done, std::move(answer), "");
    };
    if (what == topic::submit) return jobs_->submit(*client, body);
    if (what == topic::wait_room) return jobs_->wait_room(*client, body);
    if (what == topic::cancel) {
        jobs_->cancel(body.get("job").as_integer().value_or(0));
        return done(json::Value::object());
    }
    if (what == topic::resources) return done(resources());
    if (what == topic::drain || what == topic::undrain) {
        const auto changed = what == topic::drain ? drain(body) : undrain(body);
        if (!changed) return reply(*client, topic::error, text_body(changed.error().message), "");
        return done(json::Value::object());
    }
    if (what == topic::shutdown) {
        done(json::Value::object());
        return abort_program();
    }
    reply(*client, topic::error, text_body("Function not implemented"), "");
}

void Broker::on_client(std::int64_t connection, Message message) {
    const ClientAddress client{setup_.rank(), connection,
                               message.body.get("request").as_integer().value_or(0)};
    if (message.topic == topic::uptime) return reply(client, topic::done, uptime(), "");
    if (message.topic == topic::attribute) {
        const auto wanted = message.body.get("name").as_string().value_or("");
        const auto found = setup_.attributes.find(wanted);
        if (found == setup_.attributes.end())
            return reply(client, topic::error, text_body("No such file or directory"), "");
        return reply(client, topic::done,
                     json::Value::object().set("value", json::Value::string(found->second)), "");
    }
    if (message.topic == topic::log)
        return reply(client, topic::done,
                     json::Value::object().set("text", json::Value::string(log_.dmesg())), "");
    if (!is_leader() && !(parent_ && parent_->joined()))
        return reply(client, topic::error,
                     text_body("Upstream Flux broker is offline. Try again later."), "");
    message.from = setup_.rank();
    message.to = 0;
    message.body.set("client", encode_address(client));
    send(std::move(message));
}

void Broker::reply(const ClientAddress& client, std::string_view what, json::Value body,
                   std::string data) {
    body.set("client", encode_address(client));
    send({.topic = std::string(what),
          .from = setup_.rank(),
          .to = client.rank,
          .body = std::move(body),
          .data = std::move(data)});
}

json::Value Broker::uptime() const {
    const auto seconds = std::chrono::duration<double>(reactor_.now() - started_).count();
    auto body = json::Value::object();
    body.set("state", json::Value::string(name(state_)));
    body.set("seconds", json::Value::real(seconds));
    body.set("owner", json::Value::string(user_name()));
    body.set("size", json::Value::integer(setup_.size()));
    return body;
}

}  // namespace muster::rehearsal
