// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/facts.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "muster/base/fd.hpp"
#include "muster/base/own_program.hpp"
#include "muster/log.hpp"

namespace muster::bootstrap {
namespace {

bool is_executable_file(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           ::access(path.c_str(), X_OK) == 0;
}

bool exists(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0;
}

Result<std::string> hostname() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0)
        return fail(Kind::internal, "read the hostname: {}", os_error(errno));
    return std::string(name.data());
}

Temporary find_temporary(const Environment& environment) {
    const auto is_writable = [](const char* directory) {
        return ::access(directory, W_OK | X_OK) == 0;
    };
    const auto given = environment.find("TMPDIR");
    if (given != environment.end())
        return is_writable(given->second.c_str()) ? Temporary::unchanged : Temporary::below_dir;
    if (!is_writable("/tmp")) return Temporary::below_dir;
    return is_writable("/var/tmp") ? Temporary::unchanged : Temporary::tmp;
}

/// Flux's program in the directory `name`; what is no directory is `name` itself.
std::string in_directory(const std::string& name) {
    struct stat status{};
    if (name.find('/') == std::string::npos || ::stat(name.c_str(), &status) != 0 ||
        !S_ISDIR(status.st_mode))
        return name;
    const auto in_bin = name + "/bin/flux";
    return exists(in_bin) ? in_bin : name + "/flux";
}

/// --flux names it, or is "none".
void choose_flux(const Settings& settings, LocalFacts& facts) {
    facts.rehearsal = settings.flux == "none";
    if (facts.rehearsal) {
        facts.flux = find_own_program("muster-rehearsal");
        return;
    }
    facts.flux = in_directory(settings.flux);
    if (auto found = find_program(facts.flux); !found.empty()) facts.flux = std::move(found);
}

Result<std::vector<std::string>> read_batch_lines(const std::string& path) {
    TRY_ASSIGN(const std::string text, within("--mode batch", read_file(path)));
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        const std::string line = text.substr(begin, end - begin);
        const auto first = line.find_first_not_of(" \t\r");
        if (first != std::string::npos && line[first] != '#') lines.push_back(line);
        begin = end + 1;
    }
    return lines;
}

/// What a container of compose is called, which only Docker's name server tells. Not asked where
/// something else says who this pod is.
Result<discovery::OwnName> own_name(const Settings& settings, const discovery::PodFacts& pod) {
    using namespace std::chrono_literals;
    const bool is_told = settings.hosts || pod.environment.contains("JOB_COMPLETION_INDEX") ||
                         pod.environment.contains("LWS_LEADER_ADDRESS");
    if (is_told || !discovery::is_dockers(pod.resolv_conf)) return discovery::OwnName{};
    // One broker is its own peer, wherever it runs.
    const bool is_needed = settings.max_size.value_or(settings.size.value_or(1)) > 1;
    const Duration wait = std::min<Duration>(is_needed ? 5s : 500ms, settings.wait);
    return discovery::find_own_name(pod.addresses, settings.dns, wait, SystemClock());
}

}  // namespace

std::string find_program(const std::string& name) {
    if (name.find('/') != std::string::npos) return exists(name) ? name : "";
    const char* path = ::getenv("PATH");  // NOLINT: one thread
    std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
    std::string present;  // there, but not executable: named so that exec can say so
    while (!rest.empty()) {
        const auto end = std::min(rest.find(':'), rest.size());
        const auto candidate = fmt::format("{}/{}", end == 0 ? "." : rest.substr(0, end), name);
        if (is_executable_file(candidate)) return candidate;
        if (present.empty() && exists(candidate)) present = candidate;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return present;
}

std::string find_flux(const std::string& name) {
    return find_program(in_directory(name));
}

std::string find_own_program(const std::string& name) {
    const auto beside = own_directory() + "/" + name;
    if (is_executable_file(beside)) return beside;
    const auto found = find_program(name);
    return found.empty() ? name : found;
}

Result<LocalFacts> gather_facts(const Settings& settings, const std::vector<std::string>& command) {
    LocalFacts facts;
    TRY_ASSIGN(facts.pod.hostname, hostname());
    facts.pod.environment = environment();
    facts.pod.resolv_conf =
        discovery::ResolvConf::parse(read_file("/etc/resolv.conf").value_or(""));
    facts.pod.hosts_file = read_file("/etc/hosts").value_or("");
    facts.pod.fqdn = discovery::hosts_file_fqdn(facts.pod.hosts_file, facts.pod.hostname);
    TRY_ASSIGN(facts.pod.addresses, discovery::own_addresses());
    TRY_ASSIGN(facts.pod.own_name, own_name(settings, facts.pod));
    if (settings.resources) {
        facts.shape = {};  // the shapes say it all
    } else {
        resources::Options options;
        options.cores = settings.cores;
        options.gpus = settings.gpus;
        TRY_ASSIGN(const auto detected, resources::detect(options));
        for (const auto& note : detected.notes) log::warning("{}", note);
        facts.shape = detected.shape;
    }
    facts.temporary = find_temporary(facts.pod.environment);
    choose_flux(settings, facts);
    facts.muster_init = find_own_program("muster-init");
    if (settings.config) {
        TRY_ASSIGN(auto text, within("--config (MUSTER_CONFIG)", read_file(*settings.config)));
        facts.user_config = broker_config::UserFile{*settings.config, std::move(text)};
    }
    if (settings.mode == Mode::batch && command.size() == 1) {
        TRY_ASSIGN(facts.batch_lines, read_batch_lines(command.front()));
    }
    return facts;
}

}  // namespace muster::bootstrap
