// SPDX-License-Identifier: Apache-2.0
#include "muster/base/exit_code.hpp"

#include <algorithm>
#include <array>

namespace muster {
namespace {

constexpr std::array rows{
    ExitCodeRow{0, "ok", "the program ended well, or the instance ended in order", "-"},
    ExitCodeRow{64, "usage", "the command line or a setting cannot be used",
                "correct the flag or variable that the message names"},
    ExitCodeRow{65, "malformed", "an input file has the wrong content",
                "correct the file at the place that the message names"},
    ExitCodeRow{68, "no-name", "the parent's name never appeared in DNS",
                "check the headless Service, its name and publishNotReadyAddresses"},
    ExitCodeRow{69, "unavailable",
                "the parent's address never answered, or nothing ever listened there",
                "look at the leader's log; check NetworkPolicy and port"},
    ExitCodeRow{70, "internal", "a bug in muster", "report it with the log"},
    ExitCodeRow{73, "io", "a file or directory cannot be written or read",
                "make the directory writable for this uid, or choose another with --dir"},
    ExitCodeRow{
        76, "protocol", "the peer answered, but CURVE or the protocol failed",
        "give all pods the same certificate or secret; compare the fingerprints in the logs"},
    ExitCodeRow{77, "denied", "the certificate or secret may not be used",
                "let only its owner read the file (mode 0400 or 0600)"},
    ExitCodeRow{78, "config", "a configuration that no retry can mend",
                "correct what the message names, then start again"},
    ExitCodeRow{126, "not-executable", "the broker or the program cannot be executed",
                "check its mode, its format and the mount options"},
    ExitCodeRow{127, "not-found", "the broker or the program was not found",
                "install it, or name it with --flux or by its path"},
};

}  // namespace

std::span<const ExitCodeRow> exit_codes() {
    return rows;
}

const ExitCodeRow* find_exit_code(int code) {
    const auto row = std::find_if(rows.begin(), rows.end(),
                                  [code](const ExitCodeRow& r) { return r.code == code; });
    return row == rows.end() ? nullptr : &*row;
}

}  // namespace muster
