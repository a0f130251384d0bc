// SPDX-License-Identifier: Apache-2.0
#include "supervisor.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

namespace muster::local {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration place_patience = milliseconds(500);
constexpr int starts_at_once = 8;  // then the loop looks after names and output again
// A wrapper that passes a terminal's Ctrl-C on makes two of one; a person needs longer.
constexpr Duration same_interrupt = milliseconds(300);
constexpr Duration linger = seconds(2);    // for followers to end by themselves after the leader
constexpr Duration orphaned = seconds(3);  // for followers whose leader was lost
constexpr Duration kill_margin = seconds(5);
constexpr Duration sweep_interval = milliseconds(10);
constexpr int most_sweeps = 500;

/// Pods between their start and their broker's first word. More would only slow each other down:
/// their gates count time, not turns.
std::uint32_t start_places() {
    return std::max(8u, 4 * std::thread::hardware_concurrency());
}

std::string describe(ExitStatus status) {
    if (status.signal == 0) return fmt::format("with exit code {}", status.code);
    return fmt::format("by signal {} ({})", status.signal, ::strsignal(status.signal));
}

}  // namespace

Supervisor::Supervisor(Reactor& reactor, const Parts& parts, TimePoint start)
    : reactor_(&reactor),
      parts_(parts),
      start_(start),
      output_(reactor, {}, [this] { hold_back_or_resume(); }),
      progress_(parts.instance.size),
      timeline_(parts.instance.size),
      pods_(parts.instance.size),
      argv_(pod_argv(parts.options)),
      environment_(environment()) {}

Supervisor::~Supervisor() = default;

Result<int> Supervisor::run() {
    std::signal(SIGPIPE, SIG_IGN);  // a reader that leaves is an error of write(2)
    TRY(reactor_->on_signals({SIGINT, SIGTERM, SIGHUP, SIGQUIT},
                             [this](int signal) { on_signal(signal); }));
    reactor_->after(Duration::zero(), [this] { start_pods(); });
    if (output_.err_is_terminal())
        show_progress();
    else
        give_notices();
    reactor_->run();
    if (error_) return tl::unexpected<Error>(std::move(*error_));
    return code_.value_or(exit_code(Kind::internal));
}

void Supervisor::start_pods() {
    for (int left = starts_at_once; left > 0; --left) {
        const bool wanted = phase_ == Phase::running && next_ < parts_.instance.size;
        if (!wanted || starting_ >= start_places()) return;
        if (auto started = start_pod(next_++); !started) {
            error_ = std::move(started.error());
            stop(SIGTERM, orphaned);
            return;
        }
    }
    reactor_->after(Duration::zero(), [this] { start_pods(); });
}

Result<void> Supervisor::start_pod(std::uint32_t rank) {
    TRY(parts_.workspace.make_pod(rank));
    const auto variables = pod_environment(environment_, parts_.options, parts_.instance, rank,
                                           parts_.workspace.pod(rank));
    Process::Handlers handlers{
        .out = [this](std::string_view data) { on_leader_output(data); },
        .err = [this, rank](std::string_view data) { on_error_output(rank, data); },
        .ended = [this, rank](ExitStatus status) { on_end(rank, status); }};
    Pod& pod = pods_.at(rank);
    timeline_.started(rank, parts_.workspace.pod(rank), reactor_->now());
    TRY_ASSIGN(pod.process, Process::start(*reactor_,
                                           {.argv = argv_,
                                            .environment = format_environment(variables),
                                            .one_output = rank != 0},
                                           std::move(handlers)));
    parts_.keeper.adopt(pod.process->pid());
    parts_.strays.except(pod.process->pid());
    if (errors_paused_) pod.process->err()->pause();
    ++living_;
    ++starting_;
    pod.starting = true;
    pod.place_timer = reactor_->after(place_patience, [this, rank] { give_up_place(rank); });
    return {};
}

void Supervisor::give_up_place(std::uint32_t rank) {
    Pod& pod = pods_.at(rank);
    if (!pod.starting) return;
    pod.starting = false;
    reactor_->cancel(pod.place_timer);
    --starting_;
    start_pods();
}

void Supervisor::on_end(std::uint32_t rank, ExitStatus status) {
    Pod& pod = pods_.at(rank);
    parts_.strays.forget(pod.process->pid());
    pod.process.reset();
    --living_;
    progress_.ended(rank);
    timeline_.ended(rank, status.shell_code(), reactor_->now());
    if (rank == 0)
        on_leader_end(status);
    else
        on_follower_end(rank, status);
    give_up_place(rank);
    if (status.signal != 0) end_strays();
    if (living_ == 0 && phase_ != Phase::running) sweep();
}

/// The pod's first process was killed; what it watched over has fallen to us. In a cluster it would
/// have ended with it, as every process of a container does.
void Supervisor::end_strays() {
    if (parts_.strays.kill() > 0) reactor_->after(sweep_interval, [this] { end_strays(); });
}

/// The leader's code. A program that died of our stop died of the user's signal, whichever one the
/// broker and the shim made of it on the way.
int Supervisor::code_of_leader(ExitStatus status) const {
    const bool stopped =
        status.code == 128 + SIGHUP || status.code == 128 + SIGTERM || status.code == 128 + SIGKILL;
    return interrupt_ != 0 && stopped ? 128 + interrupt_ : status.shell_code();
}

void Supervisor::on_leader_end(ExitStatus status) {
    if (!code_) code_ = code_of_leader(status);
    output_.clear_status();
    if (phase_ != Phase::running) return;
    if (living_ == 0 && next_ == parts_.instance.size) {
        phase_ = Phase::stopping;
    } else if (!progress_.formed() || status.signal != 0) {
        say(fmt::format("rank 0 has ended {}: ending the others", describe(status)));
        stop(SIGTERM, orphaned);
    } else {
        phase_ = Phase::stopping;
        // Followers of a broker that was killed wait for its goodbye, which never comes.
        const bool is_lost = status.code > 128 && interrupt_ == 0;
        kill_timer_ = reactor_->after(linger, [this, status, is_lost] {
            if (living_ == 0) return;
            if (is_lost)
                say(fmt::format("rank 0 has ended {}: ending the others", describe(status)));
            stop(SIGTERM, is_lost ? orphaned : parts_.options.grace);
        });
    }
}

void Supervisor::on_follower_end(std::uint32_t rank, ExitStatus status) {
    if (phase_ != Phase::running || status.shell_code() == 0) return;
    const std::uint32_t size = parts_.instance.size;
    if (!progress_.formed()) ++failed_;
    if (progress_.formed() || size - failed_ >= parts_.options.min_size.value_or(size)) {
        say(fmt::format("rank {} has ended {}: the instance goes on without it", rank,
                        describe(status)));
        return;
    }
    say(fmt::format("rank {} has ended {}, and the instance cannot form without it: ending it",
                    rank, describe(status)));
    code_ = status.shell_code();
    stop(SIGTERM, parts_.options.grace + kill_margin);
}

/// An error of ours, whatever the program makes of its end; what it goes on to write is read and
/// dropped, for a SIGPIPE would be taken for its own end. A reader that has left (`| head`) is none:
/// it ends as a program in a pipeline does, without a word.
void Supervisor::on_lost_output() {
    output_lost_ = true;
    if (interrupt_ != 0) return;  // the user's Ctrl-C ended the reader, too
    const bool has_left = output_.out_error() == EPIPE;
    code_ = has_left ? 128 + SIGPIPE : exit_code(Kind::io);
    if (!has_left)
        say(fmt::format("error: standard output: write: {}", os_error(output_.out_error())));
    if (phase_ == Phase::running) stop(SIGTERM, parts_.options.grace + kill_margin);
}

void Supervisor::on_signal(int signal) {
    if (phase_ == Phase::over) return reactor_->stop();
    const TimePoint now = reactor_->now();
    if (interrupts_ > 0 && now - last_interrupt_ < same_interrupt) return;
    last_interrupt_ = now;
    ++interrupts_;
    if (interrupts_ > 1) return kill();
    if (phase_ != Phase::running) return;
    interrupt_ = signal;
    if (!pods_.front().process) code_ = 128 + signal;
    say("ending the instance; once more kills it");
    stop(signal, parts_.options.grace + kill_margin);
}

void Supervisor::stop(int signal, Duration patience) {
    if (phase_ == Phase::running || phase_ == Phase::stopping) phase_ = Phase::stopping;
    output_.clear_status();
    for (const Pod& pod : pods_)  // in rank order: the leader first
        if (pod.process) pod.process->signal(signal);
    reactor_->cancel(kill_timer_);
    kill_timer_ = reactor_->after(patience, [this] { kill(); });
    if (living_ == 0) sweep();
}

void Supervisor::kill() {
    if (phase_ == Phase::over) return;
    phase_ = Phase::killing;
    for (const Pod& pod : pods_)
        if (pod.process) pod.process->signal(SIGKILL);
    sweep();
}

/// Kills what is left of pods that have ended, until there is nothing: what falls to us next is
/// known only after that.
void Supervisor::sweep() {
    if (phase_ == Phase::over) return;
    const std::size_t strays = parts_.strays.kill();
    if ((strays == 0 && living_ == 0) || ++sweeps_ > most_sweeps) {
        phase_ = Phase::over;
        if (!code_) code_ = 128 + SIGKILL;
        leave_when_written();
        return;
    }
    if (strays > 0 || phase_ == Phase::killing)
        reactor_->after(sweep_interval, [this] { sweep(); });
}

void Supervisor::leave_when_written() {
    if (output_.drained()) return reactor_->stop();
    reactor_->after(sweep_interval, [this] { leave_when_written(); });
}

}  // namespace muster::local
