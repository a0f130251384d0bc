// SPDX-License-Identifier: Apache-2.0
// muster's column of tests/data/flux-contract/broker-config.cases.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "muster/broker_config/config.hpp"

namespace muster::broker_config {
namespace {

struct Case {
    std::string name;
    std::map<std::string, std::string> keys;
    std::string toml;
};

std::vector<Case> read_cases() {
    std::ifstream file(MUSTER_TEST_DATA "/flux-contract/broker-config.cases");
    std::vector<Case> cases;
    bool in_toml = false;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("== ")) {
            cases.push_back({.name = line.substr(3), .keys = {}, .toml = {}});
            in_toml = false;
        } else if (cases.empty()) {
            continue;
        } else if (in_toml) {
            cases.back().toml += line + "\n";
        } else if (line == "--") {
            in_toml = true;
        } else if (const auto colon = line.find(": "); colon != std::string::npos) {
            cases.back().keys[line.substr(0, colon)] = line.substr(colon + 2);
        }
    }
    // The blank line before the next case is not part of the TOML.
    for (auto& each : cases)
        if (each.toml.ends_with("\n\n")) each.toml.pop_back();
    return cases;
}

/// What a broker on `hostname` would do with the configuration, as muster sees it.
Result<void> check(const Case& each) {
    TRY_ASSIGN(const auto config, parse(each.toml, "broker.toml"));
    if (!config.bootstrap) return {};
    TRY_ASSIGN(const auto peers, resolve_hosts(config));
    const auto hostname = each.keys.find("hostname");
    return check_bootstrap(*config.bootstrap, peers,
                           hostname == each.keys.end() ? "a0" : hostname->second);
}

TEST(Contract, HasCases) {
    EXPECT_GT(read_cases().size(), 140u);
}

TEST(Contract, MusterSaysWhatTheTableSays) {
    for (const auto& each : read_cases()) {
        SCOPED_TRACE(each.name);
        ASSERT_TRUE(each.keys.contains("muster"));
        const std::string expected = each.keys.at("muster");
        const auto checked = check(each);
        if (expected == "accepted") {
            EXPECT_TRUE(checked) << checked.error().message;
            continue;
        }
        ASSERT_FALSE(checked) << "accepted:\n" << each.toml;
        EXPECT_EQ(checked.error().message, "broker.toml:" + expected);
        EXPECT_EQ(std::to_string(exit_code(checked.error().kind)), each.keys.at("code"));
    }
}

TEST(Contract, DiffersFromFluxOnlyWhereItSaysWhy) {
    for (const auto& [name, keys, toml] : read_cases()) {
        SCOPED_TRACE(name);
        const auto flux = keys.contains("flux") ? keys.at("flux") : keys.at("fluxion");
        EXPECT_EQ((flux == "accepted") != (keys.at("muster") == "accepted"), keys.contains("why"));
    }
}

}  // namespace
}  // namespace muster::broker_config
