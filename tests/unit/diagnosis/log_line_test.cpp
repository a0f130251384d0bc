// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "muster/diagnosis.hpp"

namespace muster::diagnosis {
namespace {

struct Row {
    const char* line;
    const char* source;
    int severity;
    const char* message;
};

TEST(LogLine, Accepts) {
    for (const auto& row : {
             Row{"<3>overlay.err[1]: error binding", "overlay.err[1]", 3, "error binding"},
             Row{"<2>broker.crit[pod-0]: bootstrap: x", "broker.crit[pod-0]", 2, "bootstrap: x"},
             Row{"broker.err[12]: rc1.0: no", "broker.err[12]", 3, "rc1.0: no"},
             Row{"Nov 22 04:16:27.046489 UTC 2026 resource.err[0]: draining", "resource.err[0]", 3,
                 "draining"},
             Row{"<6>job-manager.info[0]: restart: 0 jobs", "job-manager.info[0]", 6,
                 "restart: 0 jobs"},
             Row{"<7>content-sqlite.debug[0]: x", "content-sqlite.debug[0]", 7, "x"},
             Row{"<3>broker.err[0]: a quoted broker.crit[1]: line", "broker.err[0]", 3,
                 "a quoted broker.crit[1]: line"},
             Row{"broker: foo.bar: unknown attribute", "broker", 2, "foo.bar: unknown attribute"},
             Row{"flux-broker: unrecognized option '--nope'", "flux-broker", 2,
                 "unrecognized option '--nope'"},
             Row{"broker: error while loading shared libraries: a.so: no", "broker", 2,
                 "error while loading shared libraries: a.so: no"},
             Row{"/usr/bin/flux: error while loading shared libraries: a.so: no", "/usr/bin/flux",
                 2, "error while loading shared libraries: a.so: no"},
             Row{"job.exception: type=exec severity=0 node failure on a (rank 1)", "job.exception",
                 3, "type=exec severity=0 node failure on a (rank 1)"},
             Row{"0.083s: job.exception \u0192JvGKYj type=alloc severity=0 x", "job.exception", 3,
                 "type=alloc severity=0 x"},
         }) {
        const auto parsed = parse_log_line(row.line);
        ASSERT_TRUE(parsed) << row.line;
        EXPECT_EQ(parsed->source, row.source);
        EXPECT_EQ(parsed->severity, row.severity);
        EXPECT_EQ(parsed->message, row.message);
    }
}

TEST(LogLine, IsNotWhatAProgramSays) {
    for (const auto* line :
         {"", "hello", "Error: Address already in use", "a.b[0]: x", "broker.oops[0]: x", "]: x",
          "[0]: x", ".err[0]: x", "x.err[0]", "<9>", "X.err[0]: upper case", "brokers: x",
          "(broker.err[0]: in brackets)", "a job.exception without its type"})
        EXPECT_FALSE(parse_log_line(line)) << line;
}

}  // namespace
}  // namespace muster::diagnosis
