// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

#include "keeper.hpp"
#include "muster/curve/certificate.hpp"
#include "muster/local.hpp"
#include "muster/local/dns_server.hpp"
#include "muster/local/loopback.hpp"
#include "muster/local/pod.hpp"
#include "muster/local/workspace.hpp"
#include "muster/log.hpp"
#include "strays.hpp"
#include "supervisor.hpp"

namespace muster::local {
namespace {

/// A program that was started without one of its three streams must not use the number for another.
/// Writing stays the error that it is (EBADF).
void fill_standard_streams() {
    while (true) {
        const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (fd > 2) ::close(fd);
        if (fd < 0 || fd > 2) return;
    }
}

/// Each pod costs us a pipe and a pidfd, and the leader's broker a connection; the pods inherit the
/// limit. Small instances leave it as it is.
Result<void> raise_descriptor_limit(std::uint32_t pods) {
    const rlim_t needed = 2ul * pods + 64;
    const rlim_t wanted = 4ul * pods + 256;
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted) return {};
    limit.rlim_cur = std::min(wanted, limit.rlim_max);
    if (limit.rlim_cur < needed)
        return fail(Kind::usage,
                    "{} pods need {} open files, the limit is {}: raise it (ulimit -n)", pods,
                    needed, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return {};
}

/// Below this the brokers' programs die of SIGSEGV as soon as they start.
Result<void> check_stack_limit() {
    constexpr rlim_t needed = 128u << 10;
    rlimit limit{};
    ::getrlimit(RLIMIT_STACK, &limit);
    if (limit.rlim_cur >= needed) return {};
    return fail(Kind::usage,
                "the limit of the stack is {} KiB, brokers need {}: raise it (ulimit -s)",
                limit.rlim_cur >> 10, needed >> 10);
}

Result<void> check(const UpOptions& options) {
    if (options.size < 1)
        return fail(Kind::usage, "size is 0: an instance has at least one broker");
    const std::uint32_t most = options.max_size.value_or(options.size);
    if (most < options.size)
        return fail(Kind::usage, "size {} is larger than max-size {}", options.size, most);
    const std::uint32_t least = options.min_size.value_or(options.size);
    if (least < 1 || least > options.size)
        return fail(Kind::usage, "min-size {} is not between 1 and size {}", least, options.size);
    return {};
}

std::string describe(const UpOptions& options) {
    const std::string brokers =
        options.size == 1 ? "1 broker" : fmt::format("{} brokers", options.size);
    const std::string flux =
        options.flux == "none" ? "the rehearsal, muster's stand-in for Flux" : options.flux;
    return fmt::format("{} of {}{}{}", brokers, flux, options.flux_reason.empty() ? "" : ": ",
                       options.flux_reason);
}

/// Path of a certificate for this instance alone, unless the user brought one (or a secret).
Result<std::string> make_certificate(const UpOptions& options, const Workspace& workspace) {
    if (options.has_certificate) return std::string{};
    TRY_ASSIGN(curve::KeyPair keys, curve::make_key_pair());
    const std::string path = workspace.path() + "/curve.cert";
    TRY(curve::write(path, {.name = "muster-up", .metadata = {}, .keys = std::move(keys)}));
    return path;
}

}  // namespace

Result<int> up(const UpOptions& options) {
    const SystemClock clock;
    const TimePoint start = clock.now();
    fill_standard_streams();
    TRY(check(options));
    const std::uint32_t most = options.max_size.value_or(options.size);
    TRY(raise_descriptor_limit(options.size));
    TRY(check_stack_limit());
    const Environment users = environment();
    TRY_ASSIGN(Loopback loopback, Loopback::claim(most, options.port));
    TRY_ASSIGN(const Workspace workspace, Workspace::make(options.directory, users, most));
    TRY_ASSIGN(Keeper keeper, Keeper::start(workspace.path(), !options.keep,
                                            options.grace + std::chrono::seconds(5)));
    Strays strays;
    strays.except(keeper.pid());

    TRY_ASSIGN(const std::string certificate, make_certificate(options, workspace));
    const Instance instance{
        .size = options.size,
        .max_size = most,
        .addresses = loopback.format(),
        .name_server = fmt::format("{}:{}", format_ipv4(loopback.server()), loopback.server_port()),
        .port = loopback.broker_port(),
        .flux = options.flux,
        .certificate = certificate,
        .labelled = options.mode == "submit" && ::isatty(STDOUT_FILENO) == 1};
    TRY_ASSIGN(Reactor reactor, Reactor::make(clock));
    auto addresses = loopback.addresses();
    addresses.resize(options.size);  // pods that may come later have no name yet
    const DnsServer names(reactor, loopback.take_sockets(),
                          Zone{.domain = std::string(pod_domain),
                               .stem = std::string(pod_stem),
                               .server = loopback.server(),
                               .addresses = std::move(addresses)});

    Supervisor supervisor(reactor,
                          {.options = options,
                           .instance = instance,
                           .workspace = workspace,
                           .keeper = keeper,
                           .strays = strays},
                          start);
    supervisor.say(describe(options));
    if (options.keep)
        supervisor.say(fmt::format(
            "{} stays behind, {}", workspace.path(),
            certificate.empty() ? "for you to remove" : "with a secret key: yours to remove"));
    auto code = supervisor.run();
    const auto shown = options.on_end && code ? options.on_end(supervisor.timeline().pods(), *code)
                                              : Result<void>{};
    if (!options.keep)
        if (const auto removed = workspace.remove(); !removed)
            log::warning("{}", removed.error().message);
    keeper.finished();
    if (shown) return code;
    if (*code == 0) return tl::unexpected<Error>(shown.error());
    log::error("up: {}", shown.error().message);  // what the program ended with says more
    return code;
}

}  // namespace muster::local
