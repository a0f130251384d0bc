// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/json.hpp"

namespace muster::controller {

/// How the program runs (design, section 6).
enum class Mode { submit, launcher, batch, batch_raw, interactive };

/// Whether the program is a script.
constexpr bool is_batch(Mode mode) {
    return mode == Mode::batch || mode == Mode::batch_raw;
}

/// A volume of one container: exactly one of its sources is set.
struct Volume {
    std::string name;
    std::string path;
    bool read_only = false;
    json::Value source;  ///< as in a pod's `volumes`, without the name
};

struct SecretKey {
    std::string name;
    std::string key;
};

struct Container {
    std::string name;
    std::string image;
    std::string command;             ///< as it was written
    std::vector<std::string> words;  ///< its words; none of a batch, which is shell text
    std::string working_dir;
    std::string pull_policy;  ///< empty: the cluster's
    std::vector<std::int64_t> ports;
    std::map<std::string, std::string> environment;
    std::map<std::string, SecretKey> secrets;
    std::vector<std::string> post_start, pre_stop;
    json::Value resources;
    json::Value security_context;
    std::vector<Volume> volumes;
    std::string init, pre, post, worker_pre, broker_pre, service_pre;  ///< shell text
    // Of the one in which Flux runs.
    std::string prefix, script;
};

/// Where Flux comes from when the application's image has none.
struct View {
    std::string name, image, mount_path, working_dir, pull_policy, python_path;
    json::Value resources, security_context;
};

/// A MiniCluster (flux-framework.org/v1alpha2) that has been checked. Fields that are passed on as
/// they are stay JSON.
struct MiniCluster {
    std::string name;
    std::string name_space;  ///< empty: the one of whoever applies it
    std::string uid;         ///< empty before the API server has it
    std::uint32_t size = 1;
    std::uint32_t max_size = 1;
    std::optional<std::uint32_t> min_size;
    std::uint32_t tasks = 1;  ///< 0: one on each node
    Mode mode = Mode::submit;
    std::int64_t deadline = 31'500'000;  ///< seconds
    std::int64_t backoff_limit = 100;
    json::Value job_labels;
    bool share_process_namespace = false;
    std::string headless_name;
    bool has_affinity = true;
    bool is_quiet = false;
    bool is_verbose = false;
    bool debugs_zeromq = false;
    std::optional<View> view;
    bool has_leader_service = false;
    std::string leader_address;  ///< of that Service; empty until the API server has given it one
    std::string archive;         ///< a file with content to load at start
    std::string connect_timeout, option_flags, topology, broker_config, queue_policy;
    std::optional<std::int64_t> log_level;
    bool loads_fluxion = false;
    std::map<std::string, std::string> environment;
    Container flux;                   ///< the one in which Flux runs
    std::vector<Container> sidecars;  ///< the others, in their order
    std::vector<Container> services;  ///< of a pod beside those of the Job
    std::vector<std::string> pull_secrets;
    json::Value pod;     ///< spec.pod
    json::Value muster;  ///< spec.muster
};

/// Reads and checks a MiniCluster as the API server gives it, or as people write it.
/// Errors: malformed, one sentence that names the field: another apiVersion or kind, a field that
/// does not exist, has another type or is refused, sizes that contradict each other, names that are
/// too long for a host, no container or two in which Flux would run, a quote that is not closed.
Result<MiniCluster> read_minicluster(const json::Value& object);

}  // namespace muster::controller
