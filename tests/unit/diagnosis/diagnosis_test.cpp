// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "muster/diagnosis.hpp"

namespace muster::diagnosis {
namespace {

Finding found(std::string_view words, Of of = Of::broker) {
    const auto finding = find_cause(words, of);
    EXPECT_TRUE(finding) << words;
    return finding.value_or(Finding{});
}

struct Row {
    const char* words;
    const char* cause;  ///< part of it
};

/// Flux's own lines, each with what usually comes after it.
TEST(FindCause, OfABroker) {
    for (
        const auto& row : {
            Row{"<3>overlay.err[1]: overlay.hello: client (0.75.0) version mismatched with server "
                "(0.88.0)\n<2>overlay.crit[1]: lo-0 (rank 0) sent disconnect control message",
                "this pod runs Flux 0.75.0 and its parent Flux 0.88.0"},
            Row{"<2>overlay.crit[1]: lo-0 (rank 0) sent disconnect control message\n"
                "<3>overlay.err[2]: overlay.hello: Invalid argument",
                "its parent refused it: there, this rank has another host name"},
            Row{"<3>overlay.err[3]: overlay.hello: rank 3 is not a child of rank 0: mismatched "
                "config?",
                "rank 3 is not a child of rank 0"},
            Row{"<3>broker.err[1]: state-machine.monitor: No route to host\n"
                "<2>overlay.crit[1]: lo-0 (rank 0) sent disconnect control message\n"
                "<3>broker.err[1]: rc3.0: flux-modprobe: ERROR: Upstream Flux broker is offline. "
                "Try again later.",
                "its parent broke off"},
            Row{"<2>overlay.crit[1]: disconnecting: no heartbeat for 4s\n<2>config.crit[1]: parent "
                "update: overlay disconnect",
                "heard nothing of the leader for 4s"},
            Row{"<3>broker.err[1]: rc3.0: flux-modprobe: ERROR: Upstream Flux broker is offline. "
                "Try again later.\n<3>broker.err[1]: rc3.0: flux modprobe rc3 Exited (rc=1) 0.1s",
                "ended while it was starting"},
            Row{"<2>broker.crit[vm]: bootstrap: config: initialize: Config file error [bootstrap]: "
                "vm not found in hosts",
                "the host name vm is not in"},
            Row{"broker: Config file error [bootstrap]: vm not found in hosts\nbroker: bootstrap "
                "failed",
                "the host name vm is not in"},
            Row{"<2>broker.crit[a]: Config file error: /x/b.toml:14: invalid key", "refuses its"},
            Row{"broker: foo.bar: unknown attribute", "does not know the attribute foo.bar"},
            Row{"<3>resource.err[0]: error reranking R: Number of hosts (2) is less than node "
                "count (3)\n<2>resource.crit[0]: module exiting abnormally\n<3>broker.err[0]: "
                "rc1.0: flux modprobe rc1 Exited (rc=1) 0.2s",
                "names 3 hosts, and only 2 are configured"},
            Row{"<3>resource.err[0]: R.json: unable to open /d/R.json: No such file or directory "
                "on line -1",
                "cannot be read (No such file or directory on line -1)"},
            Row{"<3>overlay.err[0]: error binding to tcp://127.0.0.2:8102: Address already in use",
                "listens on tcp://127.0.0.2:8102 already"},
            Row{"<3>overlay.err[0]: error binding to tcp://eth9:8050: No such device",
                "cannot listen on tcp://eth9:8050 (No such device)"},
            Row{"<3>content-sqlite.err[0]: creating object table: database or disk is full(13)\n"
                "<3>broker.err[0]: rc1.0: content-sqlite: [Errno 28] No space left on device",
                "the disk for Flux's state is full"},
            Row{"<2>broker.crit[0]: statedir cannot create directory in /var/tmp: Read-only file "
                "system",
                "in /var/tmp, which is read-only"},
            Row{"<2>broker.crit[0]: rundir error creating /root/x: Permission denied",
                "cannot create the directory /root/x (Permission denied)"},
            Row{"<3>overlay.err[0]: Error loading certificate: /etc/c: readable by group/other",
                "refuses the certificate /etc/c because others may read it"},
            Row{"broker: /etc/c: readable by group/other\nbroker: bootstrap failed",
                "refuses the certificate /etc/c because others may read it"},
            Row{"<3>overlay.err[0]: Error loading certificate: /c: Invalid argument",
                "/c is no certificate"},
            Row{"broker: error while loading shared libraries: libzmq.so.5: cannot open shared "
                "object file: No such file or directory",
                "the library libzmq.so.5 cannot be loaded"},
            Row{"<3>broker.err[0]: rc1.0: post-start-event: [Errno 2] No such file or directory: "
                "'bash'\n<3>broker.err[0]: rc1.0: flux modprobe rc1 Exited (rc=1) 0.2s",
                "needs bash"},
            Row{"<3>broker.err[0]: rc1.0: custom rc1 says no\n<3>broker.err[0]: rc1.0: /etc/rc1 "
                "Exited (rc=3) 0.0s",
                "its start-up script /etc/rc1 failed with exit code 3"},
            Row{"<3>overlay.err[1]: parent sockevent tcp://127.0.0.2:8102 handshake failed: Broken "
                "pipe",
                "has another certificate"},
        })
        EXPECT_NE(found(row.words).cause.find(row.cause), std::string::npos)
            << row.words << "\n"
            << found(row.words).cause;
}

TEST(FindCause, OfAJob) {
    for (const auto& row : {
             Row{"<3>resource.err[1]: draining: rank 1 (a) missing resources: core[2-7]\n",
                 "R promises core[2-7]"},
             Row{"job.exception: type=alloc severity=0 unsatisfiable request: need 5 exclusive "
                 "node(s), only 4 eligible",
                 "it asked for 5 exclusive node(s), and the instance has 4"},
         })
        EXPECT_NE(found(row.words, Of::job).cause.find(row.cause), std::string::npos)
            << row.words << "\n"
            << found(row.words, Of::job).cause;
    EXPECT_FALSE(find_cause("<3>overlay.err[0]: error binding to x: y", Of::job));
}

TEST(FindCause, OfARankThatIsLost) {
    constexpr auto* words = "job.exception: type=exec severity=0 node failure on lo-2 (rank 2)";
    EXPECT_EQ(found(words, Of::rank).cause, "rank 2 (lo-2) was lost while the program ran");
    EXPECT_FALSE(find_cause(words, Of::job)) << "no failure of the job's own";
}

TEST(FindCause, TheEvidenceIsFluxsLine) {
    EXPECT_EQ(found("noise\n<2>overlay.crit[1]: disconnecting: no heartbeat for 4s\n").evidence,
              "overlay.crit[1]: disconnecting: no heartbeat for 4s");
}

TEST(FindCause, AScriptsFirstComplaintIsTheEvidence) {
    EXPECT_EQ(found("<6>broker.info[0]: rc1.0: hello\n<3>broker.err[0]: rc1.0: no licence\n"
                    "<3>broker.err[0]: rc1.0: /etc/rc1 Exited (rc=3) 0.0s\n")
                  .evidence,
              "broker.err[0]: rc1.0: no licence");
}

TEST(FindCause, WithoutARowTheWorstLineIsTheEvidence) {
    const auto finding = found(
        "<6>broker.info[0]: fine\n<3>kvs.err[0]: first\n<2>kvs.crit[0]: "
        "worse\n<2>broker.crit[0]: later\n");
    EXPECT_EQ(finding.cause, "");
    EXPECT_EQ(finding.evidence, "kvs.crit[0]: worse");
    EXPECT_FALSE(find_cause("<6>broker.info[0]: fine\n<4>broker.warning[0]: so so\n", Of::broker));
    EXPECT_FALSE(find_cause("", Of::broker));
    EXPECT_FALSE(find_cause("Segmentation fault\n", Of::broker));
}

TEST(FindCause, NeverLooksAtTheProgramsCommandLine) {
    EXPECT_FALSE(
        find_cause("<3>broker.err[0]: rc2.0: prog --password=x Exited (rc=1) 0.1s\n"
                   "<3>broker.err[0]: cleanup.0: prog x\n",
                   Of::broker));
}

TEST(Evidence, IsShortPrintableAndWithoutKeys) {
    EXPECT_EQ(as_evidence("a\tb\x1b[1m  "), "a?b?[1m");
    EXPECT_EQ(as_evidence(std::string(500, 'x')), std::string(157, 'x') + "...");
    const std::string key = "^kOpE$Q7>wU0?9RvlrjJ6xz5%-(Lq6&pNr]Y2aDf";
    ASSERT_EQ(key.size(), 40U);
    EXPECT_EQ(as_evidence("secret-key = \"" + key + "\" and so on"),
              "secret-key = \"(a key)\" and so on");
    const std::string name = "pod-0.muster.lab.svc.cluster.test.:8050/";
    ASSERT_EQ(name.size(), 40U);
    EXPECT_EQ(as_evidence("dial " + name), "dial " + name);
}

TEST(FluxFailures, SayWhatToDo) {
    for (const auto& row : flux_failures()) {
        EXPECT_FALSE(row.pattern.empty() || row.cause.empty() || row.mend.empty() ||
                     row.versions.empty())
            << row.pattern;
        EXPECT_FALSE(row.cause.ends_with('.') || row.mend.ends_with('.')) << row.cause;
        const auto stars = std::ranges::count(row.pattern, '*');
        for (const auto text : {row.cause, row.mend})
            for (std::size_t i = 0; (i = text.find('$', i)) != text.npos; ++i)
                EXPECT_LE(text.at(i + 1) - '0', stars) << text;
    }
}

}  // namespace
}  // namespace muster::diagnosis
