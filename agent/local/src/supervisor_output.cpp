// SPDX-License-Identifier: Apache-2.0
#include "supervisor.hpp"

#include <cstdlib>

namespace muster::local {
namespace {

constexpr Duration redraw_interval = std::chrono::milliseconds(100);
constexpr std::size_t bar_width = 24;

bool wants_colour() {
    const char* terminal = std::getenv("TERM");
    return std::getenv("NO_COLOR") == nullptr && terminal != nullptr &&
           std::string_view(terminal) != "dumb";
}

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

}  // namespace

void Supervisor::say(std::string_view text) {
    output_.line(Stream::err, fmt::format("muster: {}", text));
}

void Supervisor::on_leader_output(std::string_view data) {
    const auto show = [this](std::string_view line) { show_program_line(Stream::out, line); };
    // Byte for byte where nothing else is written to that file; as whole lines where something is.
    if (!parts_.instance.labelled && !output_.shared())
        output_.raw(Stream::out, data);
    else if (data.empty())
        program_lines_.finish(show);
    else
        program_lines_.feed(data, show);
    hold_back_or_resume();
}

void Supervisor::on_error_output(std::uint32_t rank, std::string_view data) {
    const auto show = [this, rank](std::string_view line) { on_line(rank, line); };
    if (data.empty())
        pods_.at(rank).lines.finish(show);
    else
        pods_.at(rank).lines.feed(data, show);
    hold_back_or_resume();
}

void Supervisor::on_line(std::uint32_t rank, std::string_view line) {
    if (const auto log = parse_log_line(line)) return on_log(rank, *log);
    if (const std::size_t log = find_broker_log(line); log != std::string_view::npos) {
        on_line(rank, line.substr(0, log));
        return on_line(rank, line.substr(log));
    }
    if (rank == 0) return show_program_line(Stream::err, line);
    output_.line(
        Stream::err,
        fmt::format("{}{}", rank_label(rank, output_.err_is_terminal() && wants_colour()), line));
}

void Supervisor::on_log(std::uint32_t rank, const LogLine& line) {
    if (const auto step = parse_transition(line.text)) on_step(rank, *step);
    if (parts_.options.logs != Logs::all) {
        // While the instance ends, that things end is no news.
        const auto least = phase_ == Phase::running ? Severity::warning : Severity::err;
        if (line.severity > least) return;
        // How the initial program ended; our exit code says the same, and its output why.
        if (rank == 0 && line.text.find("]: rc2.0: ") != std::string_view::npos) return;
    }
    const bool colour = output_.err_is_terminal() && wants_colour();
    output_.line(Stream::err, fmt::format("{}{}", rank_label(rank, colour), line.text));
}

void Supervisor::on_step(std::uint32_t rank, const Transition& step) {
    const bool formed_before = progress_.formed();
    progress_.step(rank, step);
    timeline_.entered(rank, step.to, reactor_->now());
    give_up_place(rank);
    if (progress_.formed() && !formed_before) on_formed();
}

void Supervisor::on_formed() {
    output_.clear_status();
    if (parts_.options.logs == Logs::all)
        say(fmt::format("formed in {:.2f} s", seconds(reactor_->now() - start_)));
    if (parts_.options.runs_program) return;
    const std::string uri = fmt::format("local://{}/run/local", parts_.workspace.pod(0));
    if (parts_.instance.flux == "none")
        say(fmt::format("ready: FLUX_URI={} reaches it; Ctrl-C ends it", uri));
    else
        say(fmt::format("ready: `{} proxy {}` attaches to it; Ctrl-C ends it", parts_.instance.flux,
                        uri));
}

void Supervisor::show_program_line(Stream stream, std::string_view line) {
    const auto labelled =
        parts_.instance.labelled ? parse_labelled_line(line) : std::optional<LabelledLine>{};
    if (!labelled) return output_.line(stream, line);
    const bool terminal =
        stream == Stream::out ? output_.out_is_terminal() : output_.err_is_terminal();
    output_.line(stream, fmt::format("{}{}", rank_label(labelled->task, terminal && wants_colour()),
                                     labelled->text));
}

void Supervisor::hold_back_or_resume() {
    const auto apply = [this](Stream stream, Source* source) {
        if (source == nullptr) return;
        if (output_.congested(stream))
            source->pause();
        else
            source->resume();
    };
    if (output_.out_error() != 0 && !output_lost_) on_lost_output();
    const auto& leader = pods_.front().process;
    if (leader) apply(Stream::out, leader->out());
    if (errors_paused_ == output_.congested(Stream::err)) return;
    errors_paused_ = !errors_paused_;
    for (const Pod& pod : pods_)
        if (pod.process) apply(Stream::err, pod.process->err());
}

void Supervisor::show_progress() {
    if (progress_.formed() || phase_ != Phase::running) return;
    output_.status(fmt::format("muster: {}, {:.1f} s", progress_.bar(bar_width),
                               seconds(reactor_->now() - start_)));
    reactor_->after(redraw_interval, [this] { show_progress(); });
}

void Supervisor::give_notices() {
    const Duration elapsed = reactor_->now() - start_;
    reactor_->after(next_notice(elapsed) - elapsed, [this] {
        if (progress_.formed() || phase_ != Phase::running) return;
        say(fmt::format("{} of {} brokers online after {:.0f} s; not yet: rank {}",
                        progress_.online(), progress_.size(), seconds(reactor_->now() - start_),
                        progress_.missing()));
        give_notices();
    });
}

}  // namespace muster::local
