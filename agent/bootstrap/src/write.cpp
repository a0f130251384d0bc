// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/write.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "muster/base/atomic_file.hpp"

namespace muster::bootstrap {
namespace {

/// `path` and the directories above it that are not there yet, outermost first.
void append_missing(const std::string& path, std::vector<std::string>& missing) {
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
        const auto prefix = path.substr(0, end);
        struct stat status{};
        if (::lstat(prefix.c_str(), &status) != 0 && errno == ENOENT) missing.push_back(prefix);
        if (end == std::string::npos) return;
    }
}

/// What write_files() is going to make and is not there yet.
std::vector<std::string> find_missing(const Plan& plan) {
    std::vector<std::string> missing;
    for (const auto& directory : plan.directories) append_missing(directory, missing);
    for (const auto& path :
         {plan.paths.curve_cert, plan.paths.resources, plan.paths.broker_toml, plan.paths.batch})
        append_missing(path, missing);
    return missing;
}

Result<void> make_all_directories(const Plan& plan) {
    for (const auto& directory : plan.directories) TRY(make_directories(directory, 0700));
    return {};
}

Result<void> write_files(const Plan& plan, const curve::Certificate& certificate) {
    if (plan.certificate_is_ours)
        TRY(curve::write(plan.paths.curve_cert, certificate, Lasting::no));
    if (!plan.resources_json.empty())
        TRY(write_file(plan.paths.resources, plan.resources_json, 0644, Lasting::no));
    TRY(write_file(plan.paths.broker_toml, plan.broker_toml, 0644, Lasting::no));
    if (!plan.batch_lines.empty())
        TRY(write_file(plan.paths.batch, plan.batch_lines, 0644, Lasting::no));
    // Of an earlier life of this pod: none of them says anything of the broker that is about to run.
    for (const auto& stale : {plan.paths.status, plan.paths.leaving, plan.paths.explained}) {
        if (::unlink(stale.c_str()) != 0 && errno != ENOENT)
            return fail(Kind::io, "remove {}: {}", stale, os_error(errno));
    }
    return {};
}

/// `written`, with the mend where there is one.
Result<void> with_mend(const Plan& plan, Result<void> written) {
    if (written || written.error().kind != Kind::io) return written;
    return fail(Kind::io,
                "{}: uid {} needs {} writable and with room (an emptyDir there), or another "
                "directory with --dir "
                "(MUSTER_DIR)",
                written.error().message, ::geteuid(), plan.paths.dir);
}

}  // namespace

Result<Fd> claim(const std::string& directory) {
    Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return fail(Kind::config,
                    "another muster run uses {} already, and waits to become its broker: end it, "
                    "or give this pod a directory of its own with --dir (MUSTER_DIR)",
                    directory);
    return fd;
}

Result<Fd> write_plan(const Plan& plan, const curve::Certificate& certificate) {
    const auto made = find_missing(plan);
    auto written = make_all_directories(plan);
    Fd claimed;
    if (written) {
        TRY_ASSIGN(claimed, claim(plan.paths.dir));
        written = write_files(plan, certificate);
    }
    // A file of ours without the others is of no use to anybody, least of all the key.
    if (!written)
        for (auto path = made.rbegin(); path != made.rend(); ++path)
            static_cast<void>(std::remove(path->c_str()));
    TRY(with_mend(plan, std::move(written)));
    return claimed;
}

Result<void> write_broker_toml(const Plan& plan) {
    return with_mend(plan, write_file(plan.paths.broker_toml, plan.broker_toml, 0644, Lasting::no));
}

}  // namespace muster::bootstrap
