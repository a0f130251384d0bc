// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "children.hpp"
#include "initial_program.hpp"
#include "jobs.hpp"
#include "local_server.hpp"
#include "muster/resources.hpp"
#include "parent_link.hpp"
#include "rundir.hpp"
#include "setup.hpp"
#include "tasks.hpp"

namespace muster::rehearsal {

/// Why a rank gets no more jobs, and since when (seconds since the epoch).
struct Drain {
    std::string reason;
    double since = 0.0;
};

/// One broker: walks through the states, routes messages through the tree, answers clients.
class Broker {
  public:
    Broker(Reactor& reactor, BrokerLog& log, Setup setup, Environment environment,
           std::vector<std::string> program);
    ~Broker();

    /// Runs until the exit state. The value is the process' exit code.
    int run();

  private:
    // broker.cpp: the life of a broker
    Result<void> open();
    bool open_overlay();
    Result<void> listen_and_dial(const curve::KeyPair& keys);
    void post(std::string_view event);
    void enter(State state);
    void enter_join();
    void enter_init();
    void enter_quorum();
    void enter_run();
    void enter_cleanup();
    void enter_shutdown();
    void enter_goodbye();
    void forward_log(const LogRecord& record);
    void forward_log_so_far();
    void on_parent_state(State state);
    void on_signal(int signal);
    void abort_program();
    void give_up();

    // broker_members.cpp: who is there
    void on_child_lost(Rank child);
    void on_child_left(Rank child);
    void on_online(Rank rank, std::uint32_t cores);
    void on_offline(const Message& message);
    void note_online();
    void log_online();
    void check_quorum();
    void warn_of_quorum();
    void set_dynamic_nodes();
    void beat();

    // broker_messages.cpp: routing and clients
    void send(Message message);
    void handle(Message message);
    void handle_at_leader(Message message);
    void on_client(std::int64_t connection, Message message);
    void reply(const ClientAddress& client, std::string_view topic, json::Value body,
               std::string data);
    json::Value uptime() const;

    // broker_resources.cpp: R, and who is drained or lost
    json::Value resources() const;
    Result<void> drain(const json::Value& body);
    Result<void> undrain(const json::Value& body);
    void set_nodes(std::vector<Node> nodes);

    bool is_leader() const { return setup_.rank() == 0; }
    std::string host(Rank rank) const { return setup_.overlay.hosts.at(rank); }

    Reactor& reactor_;
    BrokerLog& log_;
    Setup setup_;
    Environment environment_;
    std::vector<std::string> program_words_;
    std::vector<std::string> command_;  ///< empty: rc2_none

    std::optional<Rundir> rundir_;
    std::optional<ZmqContext> zmq_;
    std::unique_ptr<Children> children_;
    std::unique_ptr<ParentLink> parent_;
    std::unique_ptr<LocalServer> local_;
    std::unique_ptr<Tasks> tasks_;
    std::unique_ptr<Jobs> jobs_;  ///< on the leader
    std::unique_ptr<InitialProgram> program_;

    State state_ = State::load_builtins;
    TimePoint entered_;
    TimePoint started_;
    std::optional<State> parent_state_;
    std::vector<LogRecord> unsent_log_;  ///< of a follower that has not joined yet
    int exit_code_ = 0;
    bool given_up_ = false;

    std::set<Rank> online_;
    std::map<Rank, std::string> gone_;  ///< how those went that were online once
    std::map<Rank, Drain> drains_;
    std::optional<resources::R> r_;        ///< as configured
    std::map<Rank, std::uint32_t> cores_;  ///< as brokers told, where R is not configured
    bool dynamic_ = false;
    bool quorum_warned_ = false;
    Reactor::TimerId online_timer_ = 0;
    Reactor::TimerId quorum_timer_ = 0;
    Reactor::TimerId phase_timer_ = 0;
    Reactor::TimerId heartbeat_timer_ = 0;
};

}  // namespace muster::rehearsal
