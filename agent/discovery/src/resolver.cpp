// SPDX-License-Identifier: Apache-2.0
#include "muster/discovery/resolver.hpp"

#include <algorithm>
#include <random>

#include "dns_message.hpp"
#include "name_server.hpp"

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;

constexpr Duration patience = 200ms;     ///< with a server, before the next one is asked as well
constexpr Duration probe_interval = 5s;  ///< of a server that was silent

class ServersResolver final : public Resolver {
  public:
    ServersResolver(Reactor& reactor, const std::vector<std::string>& servers)
        : reactor_(&reactor), random_(std::random_device{}()) {
        for (const auto& server : servers)
            servers_.push_back(std::make_unique<NameServer>(reactor, server));
    }
    ServersResolver(const ServersResolver&) = delete;
    ServersResolver& operator=(const ServersResolver&) = delete;
    ~ServersResolver() override {
        for (const auto& [id, query] : queries_) reactor_->cancel(query.timer);
        for (const auto timer : replying_) reactor_->cancel(timer);
    }

    void ask(const Question& question, Callback callback) override {
        const std::uint64_t id = ++last_query_;
        auto& query = queries_[id];
        query.question = question;
        query.callback = std::move(callback);
        query.order = order(question.in_turn);
        if (format_question(question, 0).empty()) {
            query.failure = Reply{.outcome = Reply::Outcome::server_failure,
                                  .text = "this name cannot stand in DNS"};
            query.order.clear();
        }
        ++asking_;
        ask_next(id);
        --asking_;
        probe(question);
    }

  private:
    struct Query {
        Question question;
        Callback callback;
        std::vector<NameServer*> order;  ///< still to be asked
        int waiting = 0;                 ///< servers that were asked and have not answered
        Reactor::TimerId timer = 0;
        std::optional<Reply> failure;  ///< the first server's that answered with one
        std::string silence = "no name server is configured";
    };

    /// Servers that answer in their order, then those that do not.
    std::vector<NameServer*> order(bool in_turn) {
        std::vector<NameServer*> order;
        for (const auto& server : servers_) order.push_back(server.get());
        const auto silent =
            std::stable_partition(order.begin(), order.end(),
                                  [](const NameServer* server) { return !server->is_silent; });
        const auto answering = silent - order.begin();
        if (in_turn && answering > 1)
            std::rotate(order.begin(), order.begin() + 1 + turn_++ % (answering - 1), silent);
        return order;
    }

    void ask_next(std::uint64_t id) {
        auto& query = queries_.at(id);
        reactor_->cancel(query.timer);
        query.timer = 0;
        if (query.order.empty()) {
            if (query.waiting == 0) reply(id, give_up(query));
            return;
        }
        NameServer* server = query.order.front();
        query.order.erase(query.order.begin());
        ++query.waiting;
        if (!query.order.empty())
            query.timer = reactor_->after(patience, [this, id] { ask_next(id); });
        send(*server, query.question,
             [this, id, server](std::span<const std::uint8_t> bytes, const std::string& failure) {
                 on_reply(id, *server, bytes, failure);
             });
    }

    void send(NameServer& server, Question question, NameServer::Callback callback) {
        const bool edns = question.dnssec_ok && !server.refuses_edns;
        question.dnssec_ok = edns;
        const auto id = static_cast<std::uint16_t>(random_());
        server.send(format_question(question, id),
                    [this, &server, question, edns, callback = std::move(callback)](
                        std::span<const std::uint8_t> bytes, const std::string& failure) {
                        server.is_silent = bytes.empty();
                        if (edns && is_edns_refused(bytes)) {
                            server.refuses_edns = true;
                            return send(server, question, callback);
                        }
                        callback(bytes, failure);
                    });
    }

    void on_reply(std::uint64_t id, NameServer& server, std::span<const std::uint8_t> bytes,
                  const std::string& failure) {
        const auto found = queries_.find(id);
        if (found == queries_.end()) return;  // another server was faster
        auto& query = found->second;
        --query.waiting;
        if (bytes.empty()) {
            query.silence = failure;
            return ask_next(id);
        }
        Reply said = parse_reply(bytes, query.question);
        said.server = server.name();
        if (said.exists() || said.is_denial()) return reply(id, std::move(said));
        if (!query.failure) query.failure = std::move(said);
        ask_next(id);
    }

    Reply give_up(const Query& query) const {
        if (query.failure) return *query.failure;
        return {.outcome = Reply::Outcome::silence, .text = query.silence};
    }

    /// Callers are promised that they are never called from within ask().
    void reply(std::uint64_t id, Reply said) {
        auto node = queries_.extract(id);
        reactor_->cancel(node.mapped().timer);
        said.first_server_silent = !servers_.empty() && servers_.front()->is_silent;
        auto callback = std::move(node.mapped().callback);
        if (asking_ == 0) return callback(std::move(said));
        const auto timer = std::make_shared<Reactor::TimerId>(0);
        *timer = reactor_->after(Duration::zero(), [this, timer, said = std::move(said),
                                                    callback = std::move(callback)] {
            std::erase(replying_, *timer);
            callback(said);
        });
        replying_.push_back(*timer);
    }

    /// A copy of the question for servers that were silent, now and then: whether they are back.
    void probe(const Question& question) {
        for (const auto& server : servers_) {
            if (!server->is_silent || reactor_->now() < probe_at_) continue;
            send(*server, question, [](std::span<const std::uint8_t>, const std::string&) {});
        }
        if (reactor_->now() >= probe_at_) probe_at_ = reactor_->now() + probe_interval;
    }

    Reactor* reactor_;
    std::vector<std::unique_ptr<NameServer>> servers_;
    std::map<std::uint64_t, Query> queries_;
    std::vector<Reactor::TimerId> replying_;
    std::uint64_t last_query_ = 0;
    int asking_ = 0;  ///< depth of ask()
    std::ptrdiff_t turn_ = 0;
    TimePoint probe_at_{};
    std::mt19937 random_;
};

}  // namespace

Result<std::unique_ptr<Resolver>> make_resolver(Reactor& reactor, const std::string& servers) {
    TRY_ASSIGN(const auto list, list_name_servers(servers));
    return std::unique_ptr<Resolver>(std::make_unique<ServersResolver>(reactor, list));
}

}  // namespace muster::discovery
