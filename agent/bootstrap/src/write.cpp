// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/write.hpp"

#include <unistd.h>

#include <cerrno>

#include "muster/base/atomic_file.hpp"

namespace muster::bootstrap {
namespace {

Result<void> write_files(const Plan& plan, const curve::Certificate& certificate) {
    for (const auto& directory : plan.directories) TRY(make_directories(directory, 0700));
    if (plan.certificate_is_ours) TRY(curve::write(plan.paths.curve_cert, certificate));
    if (!plan.resources_json.empty())
        TRY(write_file(plan.paths.resources, plan.resources_json, 0644));
    TRY(write_file(plan.paths.broker_toml, plan.broker_toml, 0644));
    if (!plan.batch_lines.empty()) TRY(write_file(plan.paths.batch, plan.batch_lines, 0644));
    // Of an earlier life of this pod: neither says anything of the broker that is about to run.
    for (const auto& stale : {plan.paths.status, plan.paths.leaving}) {
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

Result<void> write_plan(const Plan& plan, const curve::Certificate& certificate) {
    return with_mend(plan, write_files(plan, certificate));
}

Result<void> write_broker_toml(const Plan& plan) {
    return with_mend(plan, write_file(plan.paths.broker_toml, plan.broker_toml, 0644));
}

}  // namespace muster::bootstrap
