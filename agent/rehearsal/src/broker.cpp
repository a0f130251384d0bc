// SPDX-License-Identifier: Apache-2.0
#include "broker.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

namespace muster::rehearsal {
namespace {

using std::chrono::milliseconds;

/// A leader holds a connection for each child; the usual soft limit is 1,024.
void allow_descriptors(std::size_t children) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    const rlim_t wanted = children + 512;
    if (limit.rlim_cur >= wanted) return;
    limit.rlim_cur = std::min(wanted, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// What Flux says of a certificate file, which is an errno and little more.
std::string_view certificate_errno(const Error& error) {
    const auto& text = error.message;
    if (text.find("no such file") != std::string::npos) return "No such file or directory";
    if (text.find("by group or others") != std::string::npos ||
        text.find("directory") != std::string::npos)
        return "readable by group/other";
    return error.kind == Kind::denied ? "Permission denied" : "Invalid argument";
}

}  // namespace

Broker::Broker(Reactor& reactor, BrokerLog& log, Setup setup, Environment environment,
               std::vector<std::string> program)
    : reactor_(reactor),
      log_(log),
      setup_(std::move(setup)),
      environment_(std::move(environment)),
      program_words_(std::move(program)),
      entered_(reactor.now()),
      started_(reactor.now()) {}

Broker::~Broker() {
    for (const auto timer : {online_timer_, quorum_timer_, phase_timer_, heartbeat_timer_})
        reactor_.cancel(timer);
}

Result<void> Broker::open() {
    if (is_leader() && !setup_.attributes.contains("broker.rc2_none")) {
        TRY_ASSIGN(command_, initial_command(program_words_, environment_));
    }
    TRY_ASSIGN(auto rundir, Rundir::make(setup_, environment_));
    rundir_.emplace(std::move(rundir));
    TRY_ASSIGN(
        local_,
        LocalServer::listen(
            reactor_, rundir_->socket_path(),
            {.on_message = [this](std::int64_t connection,
                                  Message message) { on_client(connection, std::move(message)); },
             .on_closed =
                 [this](std::int64_t connection) {
                     Message gone{.topic = "client.gone", .from = setup_.rank()};
                     gone.body.set("connection", json::Value::integer(connection));
                     send(std::move(gone));
                 }}));
    tasks_ = std::make_unique<Tasks>(reactor_,
                                     Tasks::Options{.rank = setup_.rank(),
                                                    .hostname = setup_.hostname,
                                                    .uri = setup_.attribute("local-uri"),
                                                    .program_path = rundir_->program_path()},
                                     [this](Message message) { send(std::move(message)); });
    if (is_leader())
        jobs_ = std::make_unique<Jobs>(
            reactor_, Jobs::Options{},
            Jobs::Handlers{.send = [this](Message message) { send(std::move(message)); },
                           .reply =
                               [this](const ClientAddress& client, std::string_view what,
                                      json::Value body, std::string data) {
                                   reply(client, what, std::move(body), std::move(data));
                               }});
    return {};
}

Result<void> Broker::listen_and_dial(const curve::KeyPair& keys) {
    const auto& overlay = setup_.overlay;
    const Rank rank = setup_.rank();
    if (const auto& below = overlay.tree.children(rank); !below.empty()) {
        const auto& me = setup_.peers.at(rank);
        if (!me.bind) return fail(Kind::config, "bind URI is undefined for rank {}", rank);
        if (!me.connect) return fail(Kind::config, "connect URI is undefined for rank {}", rank);
        allow_descriptors(below.size());
        TRY_ASSIGN(children_,
                   Children::listen(*zmq_, reactor_, log_, overlay, keys, *me.bind,
                                    {.on_message = [this](Message m) { send(std::move(m)); },
                                     .on_lost = [this](Rank child) { on_child_lost(child); },
                                     .on_left = [this](Rank child) { on_child_left(child); }}));
    }
    const auto parent = overlay.tree.parent(rank);
    if (!parent) return {};
    const auto& uri = setup_.peers.at(*parent).connect;
    if (!uri) return fail(Kind::config, "connect URI is undefined for rank {}", *parent);
    setup_.attributes["tbon.parent-endpoint"] = *uri;
    TRY_ASSIGN(parent_,
               ParentLink::connect(
                   *zmq_, reactor_, log_, overlay, setup_.hostname, keys, *uri,
                   {.on_message = [this](Message m) { send(std::move(m)); },
                    .on_state = [this](State state) { on_parent_state(state); },
                    .on_heartbeat =
                        [this] {
                            if (children_)
                                children_->broadcast({.topic = std::string(topic::heartbeat)});
                        },
                    .on_farewell =
                        [this] {
                            if (state_ == State::goodbye) post("goodbye");
                        },
                    .on_rejected =
                        [this](const std::string& text) {
                            // The disconnect that follows ends us.
                            log_(Severity::err, "overlay", "overlay.hello: {}", text);
                        },
                    .on_disconnected = [this] { give_up(); }}));
    return {};
}

bool Broker::open_overlay() {
    const auto module_failed = [&](std::string_view module, std::string_view text) {
        log_(Severity::err, module, "{}", text);
        log_(Severity::crit, module, "module exiting abnormally");
        log_(Severity::err, "broker", "error loading builtins: {} is unexpectedly finalizing",
             module);
        return false;
    };
    const auto failed = [&](std::string_view text) { return module_failed("overlay", text); };
    if (const auto* refused = setup_.refusal("access"))
        return module_failed("connector-local", refused->text);
    if (const auto* refused = setup_.refusal("tbon")) return failed(refused->text);
    if (setup_.size() == 1) return true;
    auto certificate = curve::read(setup_.curve_cert);
    if (!certificate)
        return failed(fmt::format("Error loading certificate: {}: {} ({})", setup_.curve_cert,
                                  certificate_errno(certificate.error()),
                                  certificate.error().message));
    auto context = ZmqContext::make();
    if (!context) return failed(context.error().message);
    zmq_.emplace(std::move(*context));
    const auto opened = listen_and_dial(certificate->keys);
    return opened ? true : failed(opened.error().message);
}

int Broker::run() {
    log_.forward_with([this](const LogRecord& record) { forward_log(record); });
    if (const auto opened = open(); !opened) {
        log_(Severity::crit, "broker", "{}", opened.error().message);
        return 1;
    }
    if (!open_overlay()) return 1;
    if (const auto caught =
            reactor_.on_signals({SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2},
                                [this](int signal) { on_signal(signal); });
        !caught) {
        log_(Severity::crit, "broker", "{}", caught.error().message);
        return 1;
    }
    // From the loop: a life can be over before its first event, and stop() must find it running.
    reactor_.after(Duration::zero(), [this] { post("builtins-success"); });
    reactor_.run();
    log_.forward_with(nullptr);
    return exit_code_;
}

void Broker::forward_log(const LogRecord& record) {
    if (!parent_ || !parent_->joined()) {
        unsent_log_.push_back(record);
        return;
    }
    Message message{.topic = "log", .from = setup_.rank()};
    message.body.set("severity", json::Value::integer(static_cast<int>(record.severity)));
    message.body.set("component", json::Value::string(record.component));
    message.body.set("text", json::Value::string(record.text));
    send(std::move(message));
}

void Broker::forward_log_so_far() {
    for (const auto& record : std::exchange(unsent_log_, {})) forward_log(record);
}

void Broker::post(std::string_view event) {
    const auto next = next_state(state_, event);
    if (!next) {
        log_(Severity::debug, "broker", "{}: ignored in {}", event, name(state_));
        return;
    }
    if (*next == state_) return;
    const auto now = reactor_.now();
    log_(Severity::info, "broker", "{}: {}->{} {}", event, name(state_), name(*next),
         format_fsd(now - entered_));
    state_ = *next;
    entered_ = now;
    reactor_.cancel(phase_timer_);
    if (children_ && state_ != State::exit) children_->announce(state_);
    enter(state_);
}

void Broker::enter(State state) {
    switch (state) {
        case State::load_builtins:
            return;
        case State::join:
            return enter_join();
        case State::config_sync:
            return post(is_leader() ? "sync-none" : "sync-success");
        case State::init:
            return enter_init();
        case State::quorum:
            return enter_quorum();
        case State::run:
            return enter_run();
        case State::cleanup:
            return enter_cleanup();
        case State::shutdown:
            return enter_shutdown();
        case State::finalize:
            tasks_->kill_all();
            return post("rc3-none");
        case State::goodbye:
            return enter_goodbye();
        case State::unload_builtins:
            return post("builtins-done");
        case State::exit:
            return reactor_.stop();
    }
}

void Broker::enter_join() {
    if (is_leader()) return post("parent-none");
    if (parent_state_) on_parent_state(*parent_state_);
}

void Broker::enter_init() {
    const auto failed = [&](std::string_view module, std::string_view text) {
        log_(Severity::err, module, "{}", text);
        log_(Severity::crit, module, "module exiting abnormally");
        log_(Severity::err, "broker", "rc1.0: {}: [Errno 22] Invalid argument", module);
        exit_code_ = 1;
        post("rc1-fail");
    };
    for (const auto& refused : setup_.refusals) return failed(refused.table, refused.text);
    auto r = load_R(setup_);
    if (!r) return failed("resource", r.error().message);
    r_ = std::move(*r);
    auto nodes = load_nodes(setup_, r_);
    if (!nodes) return failed("resource", nodes.error().message);
    dynamic_ = nodes->empty();
    if (jobs_ && !dynamic_) set_nodes(std::move(*nodes));
    if (is_leader() && children_) beat();
    post("rc1-none");
}

void Broker::enter_quorum() {
    if (!is_leader()) {
        Message online{.topic = "member.online", .from = setup_.rank()};
        online.body.set("cores", json::Value::integer(::sysconf(_SC_NPROCESSORS_ONLN)));
        send(std::move(online));
        if (parent_state_) on_parent_state(*parent_state_);
        return;
    }
    if (setup_.quorum_warn)
        quorum_timer_ = reactor_.after(*setup_.quorum_warn, [this] { warn_of_quorum(); });
    on_online(0, static_cast<std::uint32_t>(::sysconf(_SC_NPROCESSORS_ONLN)));
}

void Broker::enter_run() {
    if (!is_leader()) {
        if (parent_state_) on_parent_state(*parent_state_);
        return;
    }
    if (command_.empty()) return post("rc2-none");
    auto environment = environment_;
    for (const char* name : {"FLUX_JOB_ID", "FLUX_KVS_NAMESPACE"}) environment.erase(name);
    environment["FLUX_URI"] = setup_.attribute("local-uri");
    auto& path = environment["PATH"];
    path = path.empty() ? rundir_->program_path() : rundir_->program_path() + ':' + path;
    program_ = InitialProgram::start(reactor_, log_, command_, environment, [this](int code) {
        exit_code_ = code;
        post(code == 0 ? "rc2-success" : "rc2-fail");
    });
}

void Broker::enter_cleanup() {
    if (!is_leader()) return post("cleanup-none");
    if (setup_.cleanup_timeout)
        phase_timer_ = reactor_.after(*setup_.cleanup_timeout, [this] {
            log_(Severity::err, "broker", "cleanup timeout");
            jobs_->kill_all();
            post("cleanup-fail");
        });
    jobs_->stop([this] { post("cleanup-success"); });
}

void Broker::enter_shutdown() {
    if (!children_) return post("children-none");
    if (children_->online() == 0) return post("children-none");
    if (is_leader() && setup_.shutdown_timeout)
        phase_timer_ = reactor_.after(*setup_.shutdown_timeout, [this] {
            log_(Severity::err, "broker", "shutdown timeout");
            post("children-complete");
        });
}

void Broker::enter_goodbye() {
    if (!parent_ || !parent_->joined()) return post("goodbye");
    parent_->send({.topic = std::string(topic::goodbye), .from = setup_.rank()});
    phase_timer_ = reactor_.after(std::chrono::seconds(60), [this] {
        log_(Severity::err, "broker", "goodbye timeout after 60.0s");
        post("goodbye");
    });
}

void Broker::on_parent_state(State state) {
    parent_state_ = state;
    forward_log_so_far();
    const bool ready = state == State::quorum || state == State::run;
    const bool ending = state >= State::cleanup;
    if (state_ == State::join && ready) return post("parent-ready");
    if (state_ == State::join && ending) {
        exit_code_ = 1;
        return post("parent-fail");
    }
    if (state_ == State::quorum && state == State::run) return post("quorum-full");
    if (state_ == State::quorum && state >= State::shutdown) return post("quorum-fail");
    if (state_ == State::run && state >= State::shutdown) return post("shutdown");
}

void Broker::abort_program() {
    if (program_)
        program_->hang_up();
    else
        post("shutdown");
}

void Broker::on_signal(int signal) {
    log_(Severity::info, "broker", "signal {}", signal);
    if (signal == SIGUSR1 || signal == SIGUSR2) {
        if (jobs_) jobs_->signal_all(signal);
        return;
    }
    switch (state_) {
        case State::join:
            exit_code_ = 1;
            return post("parent-fail");
        case State::quorum:
            return post("quorum-fail");
        case State::run:
            return abort_program();
        case State::cleanup:
            if (jobs_) jobs_->kill_all();
            return;
        default:
            log_(Severity::info, "broker", "ignored signal {} in {}", signal, name(state_));
    }
}

void Broker::give_up() {
    if (given_up_) return;
    given_up_ = true;
    exit_code_ = 1;
    tasks_->kill_all();
    if (children_) children_->disconnect_all();
    reactor_.stop();
}

}  // namespace muster::rehearsal
