// SPDX-License-Identifier: Apache-2.0
#include "supervisor.hpp"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "explain.hpp"
#include "muster/base/exit_code.hpp"

namespace muster::init {
namespace {

constexpr Millis explain_bound{2'000};
constexpr Millis follower_stop_bound{5'000};  ///< SIGTERM to SIGKILL of a follower's broker
constexpr Millis sweep_bound{5'000};          ///< SIGTERM to SIGKILL of leftovers
constexpr Millis kill_bound{1'000};           ///< how long SIGKILL may take
constexpr Millis kill_again{100};             ///< for what was forked while we killed

template <std::size_t size>
void set_text(std::array<char, size>& into, const Line& line) {
    const std::size_t length = std::min(line.view().size(), size - 1);
    memcpy(into.data(), line.c_str(), length);
    into[length] = '\0';
}

unsigned random_number() {
    unsigned number = 0;
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) {
        number =
            static_cast<unsigned>(now().count()) * 2654435761U ^ static_cast<unsigned>(getpid());
    }
    return number;
}

int fail(const char* what, int error) {
    say(Line() << what << ": " << error_text(error));
    return exit_code(Kind::internal);
}

}  // namespace

int Supervisor::run(const sigset_t& mask) {
    if (const int failure = prepare(mask); failure != 0) {
        return failure;
    }
    if (const int error = start_life(); error != 0) {
        say(Line() << "cannot execute " << options_.command[0] << ": " << error_text(error));
        return spawn_exit_code(error);
    }
    reap();  // a child from before us may have ended before its SIGCHLD could be ours
    while (phase_ != Phase::over) {
        wait_for_events();
        // In this order: what has already happened is not put down to a signal that came later.
        hear_role();
        reap();
        take_signals();
        on_time(now());
    }
    terminal_.take_back(child_);
    return code_;
}

/// In bounded portions, so that a flood of them does not hold up the deadlines.
void Supervisor::take_signals() {
    for (int i = 0; i < most_signals_at_once; ++i) {
        const int signal = signals_.next();
        if (signal == 0) {
            return;
        }
        if (signal == SIGCHLD) {
            reap();
        } else {
            on_signal(signal);
        }
    }
}

int Supervisor::prepare(const sigset_t& mask) {
    if (getpid() != 1 && prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        return fail("become a subreaper", errno);
    }
    if (const int error = signals_.open(); error != 0) {
        return fail("signalfd", error);
    }
    if (const int error = spawner_.prepare(mask); error != 0) {
        return fail("prepare to spawn", error);
    }
    terminal_ = Terminal::of_init();
    descendants_.leave_out_children();

    set_text(pipe_variable_, Line() << "MUSTER_INIT_FD=");
    std::array<char*, 3> added{pipe_variable_.data(), nullptr, nullptr};
    if (options_.grace_text != nullptr) {
        set_text(grace_variable_, Line() << "MUSTER_GRACE=" << options_.grace_text);
        added[1] = grace_variable_.data();
    }
    constexpr std::array<const char*, 2> dropped{"MUSTER_INIT_FD", nullptr};
    environment_ = make_environment(dropped.data(), added.data());
    plain_environment_ = make_environment(dropped.data(), added.data() + 1);
    if (environment_ == nullptr || plain_environment_ == nullptr) {
        return fail("environment", ENOMEM);
    }
    return 0;
}

/// Returns 0 or errno; then there is no child.
int Supervisor::start_life() {
    // Without a pipe CMD still runs, only as a program without a role.
    if (const int error = pipe_.open(); error != 0) {
        say(Line() << "pipe: " << error_text(error));
    }
    set_text(pipe_variable_, Line() << "MUSTER_INIT_FD=" << pipe_.write_end());
    const Spawned child = spawner_.spawn(options_.command, environment_, terminal_.ours());
    pipe_.close_write_end();
    if (child.error != 0) {
        return child.error;
    }
    child_ = child.pid;
    has_children_ = true;
    role_since_ = never;
    phase_ = Phase::living;
    return 0;
}

void Supervisor::wait_for_events() {
    std::array<pollfd, 2> events{};
    events[0] = {.fd = signals_.fd(), .events = POLLIN, .revents = 0};
    events[1] = {.fd = pipe_.read_end(), .events = POLLIN, .revents = 0};
    const Millis deadline = next_deadline();
    int timeout = -1;
    if (deadline != never) {
        constexpr Millis longest{1'000'000'000};
        timeout = static_cast<int>(std::clamp(deadline - now(), Millis(0), longest).count());
    }
    poll(events.data(), events.size(), timeout);
}

void Supervisor::hear_role() {
    if (!pipe_.read()) {
        return;
    }
    role_since_ = now();
    // From here on Ctrl-C is a request to stop, and must come to us and not to the broker: it would
    // end with 0, and nobody would know that it had been asked to.
    terminal_.take_back(child_);
    if (pipe_.role() == Role::follower && forwarded_) {
        kill_at_ = std::min(kill_at_, stop_at_ + options_.grace / 3 + follower_stop_bound);
    }
}

void Supervisor::reap() {
    for (;;) {
        siginfo_t info{};
        if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG) != 0) {
            if (errno == EINTR) {
                continue;
            }
            has_children_ = false;
            break;
        }
        if (info.si_pid == 0) {
            break;
        }
        if (info.si_code == CLD_STOPPED || info.si_code == CLD_TRAPPED) {
            on_stopped(info.si_pid);
            continue;
        }
        descendants_.reaped(info.si_pid);
        if (info.si_pid == child_) {
            end_life({.by_signal = info.si_code != CLD_EXITED, .number = info.si_status});
        } else if (info.si_pid == explainer_) {
            explainer_ = 0;
            start_sweeping();
        }
    }
    if (phase_ == Phase::sweeping && is_swept()) {
        after_sweep();
    }
}

void Supervisor::on_stopped(pid_t child) {
    if (child == child_ && pipe_.role() == Role::none) {
        terminal_.stop_with(child_);
    }
}

void Supervisor::on_signal(int signal) {
    const Role role = pipe_.role();
    const bool stops = role == Role::none ? signal == SIGTERM : is_stop_request(signal);
    if (stops || (phase_ != Phase::living && is_stop_request(signal))) {
        on_stop_request(signal);
    }
    if (phase_ != Phase::living || (role != Role::none && stops)) {
        return;
    }
    if (signal == SIGCONT && role == Role::none) {
        terminal_.give(child_);
    }
    kill(child_, signal);
}

void Supervisor::on_stop_request(int signal) {
    if (stop_ != 0) {
        return;  // a second SIGTERM would abort the leader's cleanup
    }
    stop_ = signal;
    stop_at_ = now();
    leave_at_ = stop_at_ + options_.grace;
    kill_at_ = leave_at_ - std::min(options_.grace / 10, kill_bound);
    sweep_until_ = sweep_until_ == never ? never : std::min(sweep_until_, kill_at_);
    if (phase_ == Phase::living) {
        if (pipe_.role() == Role::follower && !is_leaving()) {
            hold_until_ = stop_at_ + options_.grace / 3;
        } else if (pipe_.role() == Role::none) {
            forwarded_ = true;  // by on_signal, as it came
        } else {
            forward_stop(stop_at_);
        }
        return;
    }
    if (verdict_.again) {
        verdict_.again = false;
        verdict_.code = 128 + stop_;
    }
    if (phase_ == Phase::pausing) {
        finish(verdict_.code);
    }
}

/// The broker's one SIGTERM, whichever signal asked for it.
void Supervisor::forward_stop(Millis time) {
    hold_until_ = never;
    forwarded_ = true;
    kill(child_, SIGTERM);
    if (pipe_.role() == Role::follower) {
        kill_at_ = std::min(kill_at_, time + follower_stop_bound);
    }
}

/// `muster leave` has marked this follower: it is drained, and the instance goes on without it.
bool Supervisor::is_leaving() const {
    const char* marker = pipe_.path();
    Line path;
    if (*marker == '\0') {
        const char* dir = getenv("MUSTER_DIR");
        const bool usable = dir != nullptr && dir[0] == '/';
        path << (usable ? dir : "/run/muster") << "/leaving";
        marker = path.c_str();
    }
    return access(marker, F_OK) == 0;
}

Millis Supervisor::next_deadline() const {
    return std::min(
        {hold_until_, kill_at_, leave_at_, explain_until_, sweep_until_, sweep_end_, start_at_});
}

void Supervisor::on_time(Millis time) {
    if (phase_ == Phase::living && time >= hold_until_) {
        forward_stop(time);
    }
    if (phase_ == Phase::explaining && time >= explain_until_) {
        kill(explainer_, SIGKILL);
        explainer_ = 0;
        start_sweeping();
    }
    if (time >= kill_at_ || time >= sweep_until_) {
        kill_everything(time);
    }
    if (phase_ == Phase::sweeping && time >= sweep_end_) {
        say(Line() << "processes that SIGKILL does not end are left behind");
        after_sweep();
    }
    if (phase_ == Phase::pausing && time >= start_at_) {
        start_at_ = never;
        if (const int error = start_life(); error != 0) {
            say(Line() << "cannot execute " << options_.command[0] << ": " << error_text(error));
            finish(spawn_exit_code(error));
        }
    }
    if (phase_ != Phase::over && time >= leave_at_) {
        say(Line() << "the grace of " << options_.grace << " is over");
        finish(phase_ == Phase::living ? 128 + stop_ : verdict_.code);
    }
}

void Supervisor::kill_everything(Millis time) {
    descendants_.signal(SIGKILL, child_);
    if (kill_at_ != never) {
        kill_at_ = time + kill_again;
    }
    if (sweep_until_ != never) {
        sweep_until_ = time + kill_again;
    }
}

void Supervisor::end_life(End end) {
    pipe_.read();  // the role may have been written since we last looked
    Life life{.role = pipe_.role(),
              .code = end.code(),
              .recorded = {},
              .stop = stop_,
              .forwarded = forwarded_,
              .lasted = role_since_ == never ? Millis(0) : now() - role_since_,
              .short_lives = verdict_.short_lives,
              .on_end = options_.on_end};
    // Before anything of the program's is swept away, which would be recorded as well.
    if (life.role == Role::leader) {
        life.recorded = read_end(pipe_.path());
    }
    verdict_ = decide(life);
    report(life);
    terminal_.take_back(child_);
    pipe_.close();
    child_ = 0;
    hold_until_ = never;
    if (verdict_.again) {
        start_at_ = now() + pause_before_next(verdict_.short_lives, random_number());
        say(Line() << "starting it again in " << start_at_ - now());
    }
    start_explaining();
}

/// One line where our exit code is not simply the child's.
void Supervisor::report(const Life& life) const {
    if (life.role == Role::follower && life.code != 0 && life.stop == 0) {
        Line line;
        line << "the follower's broker ended with " << life.code << " after " << life.lasted;
        if (verdict_.short_lives > 0) {
            line << " (life " << verdict_.short_lives << " in a row shorter than " << short_life
                 << ", of " << most_short_lives << ")";
        }
        say(line);
    }
    if (life.role != Role::none && life.forwarded && !life.recorded && life.code != verdict_.code) {
        say(Line() << "the " << role_name(life.role) << "'s broker ended with " << life.code
                   << " after " << signal_name(life.stop).view() << ": reported as "
                   << verdict_.code);
    }
}

void Supervisor::start_explaining() {
    if (!verdict_.explain || !has_explain(options_.command)) {
        start_sweeping();
        return;
    }
    const Spawned child =
        spawn_explain(spawner_, options_.command[0], plain_environment_, verdict_.code, pipe_);
    if (child.error != 0) {
        say(Line() << "cannot run explain: " << error_text(child.error));
        start_sweeping();
        return;
    }
    phase_ = Phase::explaining;
    explainer_ = child.pid;
    has_children_ = true;
    explain_until_ = now() + explain_bound;
}

/// Ends what the life left behind: its children are ours now. Those of a broker that failed must be
/// gone before the next one starts.
void Supervisor::start_sweeping() {
    const Millis time = now();
    phase_ = Phase::sweeping;
    explain_until_ = never;
    sweep_until_ = std::min(time + std::min(sweep_bound, options_.grace / 3), kill_at_);
    sweep_end_ = std::min(sweep_until_, time + sweep_bound) + kill_bound;
    siginfo_t info{};
    has_children_ = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
    if (!is_swept()) {
        descendants_.signal(SIGTERM, 0);
        descendants_.signal(SIGCONT, 0);  // a stopped process cannot end
    }
}

/// Children that were there before CMD stay, and must then be told from CMD's.
bool Supervisor::is_swept() const {
    return !has_children_ || (descendants_.left_out() && descendants_.signal(0, 0) == 0);
}

void Supervisor::after_sweep() {
    sweep_until_ = never;
    sweep_end_ = never;
    if (!verdict_.again) {
        finish(verdict_.code);
        return;
    }
    phase_ = Phase::pausing;
}

void Supervisor::finish(int code) {
    code_ = code;
    phase_ = Phase::over;
}

}  // namespace muster::init
