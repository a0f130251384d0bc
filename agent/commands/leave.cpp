// SPDX-License-Identifier: Apache-2.0
// preStop of a pod that goes for good.
#include "muster/doctor/leave.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "commands.hpp"
#include "doctor_flags.hpp"
#include "muster/json.hpp"

namespace muster::commands {
namespace {

struct LeaveFlags : DoctorFlags {
    std::optional<std::uint32_t> when_gone;
};

const bootstrap::ExtraFlag when_gone_flag{
    "when-gone", 0, true,
    "on the leader, in the background: undrain this rank once its broker is gone (leave itself "
    "asks for it)",
    [](void* target, std::string_view text) -> Result<void> {
        std::uint32_t rank = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rank);
        if (error != std::errc{} || end != text.data() + text.size())
            return fail(Kind::usage, "'{}' is no rank", text);
        static_cast<LeaveFlags*>(static_cast<DoctorFlags*>(target))->when_gone = rank;
        return {};
    }};

/// Goes on in a session of its own, without the caller's descriptors: flux exec does not wait for
/// it. Errors: internal.
Result<bool> go_to_background() {
    const pid_t child = ::fork();
    if (child < 0) return fail(Kind::internal, "fork: {}", os_error(errno));
    if (child > 0) return false;
    ::setsid();
    const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const int fd : {0, 1, 2}) ::dup2(null.get(), fd);
    return true;
}

/// Run by the leader's broker (flux exec), whose variables say where it is.
Result<int> wait_for_the_end_of(std::uint32_t rank, const LeaveFlags& flags,
                                const Environment& environment) {
    constexpr std::string_view scheme = "local://";
    const auto uri = environment.find("FLUX_URI");
    if (uri == environment.end() || !uri->second.starts_with(scheme))
        return fail(Kind::usage,
                    "--when-gone is for 'flux exec' on the leader: FLUX_URI is not "
                    "set to local://PATH");
    const auto limit = flags.limit.count() > 0 ? flags.limit : std::chrono::minutes(2);
    TRY_ASSIGN(const bool is_background, go_to_background());
    if (!is_background) return 0;
    TRY(doctor::undrain_when_gone({"flux", uri->second.substr(scheme.size()), environment}, rank,
                                  limit, SystemClock()));
    return 0;
}

Result<int> take_leave(Words words, LeaveFlags& flags) {
    const std::array<bootstrap::ExtraFlag, 3> extra{
        json_flag(), limit_flag("how long to wait for this rank's jobs [two thirds of --grace]"),
        when_gone_flag};
    TRY_ASSIGN(const auto asked, ask_of_this_pod(words, extra, flags));
    if (asked.line.help) return print_help("leave", extra);
    if (flags.when_gone) return wait_for_the_end_of(*flags.when_gone, flags, asked.environment);
    TRY_ASSIGN(const auto pod, doctor::load_pod(asked.line.settings, asked.environment));
    TRY(doctor::check_whose_directory(pod));
    TRY(doctor::check_run_was_here(pod.flux, pod.plan));
    // The last third of the grace is the broker's own.
    const auto limit = flags.limit.count() > 0 ? flags.limit : pod.settings.grace * 2 / 3;
    const auto outcome = doctor::leave(pod, limit, SystemClock());
    const int code = outcome.error ? exit_code(outcome.error->kind) : 0;
    const auto& text = outcome.error ? outcome.error->message : outcome.text;
    if (flags.as_json)
        TRY(print(json::Value::object()
                      .set("command", json::Value::string("leave"))
                      .set("rank", json::Value::integer(pod.plan.identity.rank))
                      .set("outcome", json::Value::string(doctor::format(outcome.what)))
                      .set("exit_code", json::Value::integer(code))
                      .set("text", json::Value::string(text))
                      .format() +
                  "\n"));
    else
        TRY(print(fmt::format("leave: {}\n", text)));
    return code;
}

}  // namespace

Result<int> leave(Words words) {
    LeaveFlags flags;
    auto outcome = take_leave(words, flags);
    return ended("leave", std::move(outcome), flags.as_json);
}

}  // namespace muster::commands
