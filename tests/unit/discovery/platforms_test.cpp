// SPDX-License-Identifier: Apache-2.0
// What a pod knows -> which broker it is, or the sentence that refuses it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/discovery/identity.hpp"

namespace muster::discovery {
namespace {

using testing::ElementsAre;

constexpr std::string_view cluster =
    "search lab.svc.k8s.example svc.k8s.example k8s.example\nnameserver 10.96.0.10\n";
constexpr std::string_view compose = "nameserver 127.0.0.11\noptions ndots:0\n";

/// As the kubelet makes it, with a subdomain; `tail` other than "" is setHostnameAsFQDN's.
PodFacts pod(const std::string& host, Environment environment = {}, const std::string& tail = "") {
    PodFacts facts;
    facts.hostname = host + tail;
    facts.environment = std::move(environment);
    facts.resolv_conf = ResolvConf::parse(cluster);
    if (tail.empty()) facts.fqdn = host + ".flux.lab.svc.k8s.example";
    return facts;
}

PodFacts job(const std::string& host, int index, const std::string& tail = "") {
    return pod(host, {{"JOB_COMPLETION_INDEX", std::to_string(index)}}, tail);
}

/// Where nothing but the hostname tells anything.
PodFacts outside(const std::string& host, Environment environment = {}) {
    PodFacts facts;
    facts.hostname = host;
    facts.environment = std::move(environment);
    return facts;
}

PodFacts lws(const std::string& host, int index, const std::string& leader,
             const std::string& tail = "") {
    return pod(host,
               {{"LWS_LEADER_ADDRESS", leader},
                {"LWS_GROUP_SIZE", "4"},
                {"LWS_WORKER_INDEX", std::to_string(index)}},
               tail);
}

PodFacts container(const std::string& name) {
    PodFacts facts;
    facts.hostname = "0123456789ab";
    facts.resolv_conf = ResolvConf::parse(compose);
    if (!name.empty()) facts.own_name.names = {name};
    return facts;
}

PodFacts unnamed(std::string trouble, bool denied) {
    PodFacts facts = container("");
    facts.own_name = {.names = {}, .trouble = std::move(trouble), .denied = denied};
    return facts;
}

std::string kind_name(Kind kind) {
    return kind == Kind::usage         ? "usage"
           : kind == Kind::config      ? "config"
           : kind == Kind::unavailable ? "unavailable"
                                       : fmt::format("kind {}", static_cast<int>(kind));
}

/// "rank/size[/max] of PLATFORM: HOSTS; dial NAME NAME", rank 0's name and the last one's.
std::string describe(const Result<Identity>& identity) {
    if (!identity) return kind_name(identity.error().kind) + ": " + identity.error().message;
    const std::string most =
        identity->max_size == identity->size ? "" : fmt::format("/{}", identity->max_size);
    auto text = fmt::format("{}/{}{} of {}: {}; dial {} {}", identity->rank, identity->size, most,
                            format(identity->platform), identity->hosts.format(),
                            identity->dial_name(0), identity->dial_name(identity->max_size - 1));
    for (const auto& doubt : identity->doubts) text += "; " + doubt;
    return text;
}

struct Row {
    const char* what;
    IdentityRequest request;
    PodFacts facts;
    std::string expected;
};

void check(const std::vector<Row>& rows) {
    for (const auto& row : rows)
        EXPECT_EQ(describe(identify(row.request, row.facts)), row.expected) << row.what;
}

TEST(Platforms, IndexedJob) {
    const std::string stem59(59, 'j');
    const std::string stem62(62, 'j');
    check({
        {"a job",
         {.size = 4},
         job("m-2", 2),
         "2/4 of an Indexed Job: m-[0-3]; dial m-0.flux.lab.svc.k8s.example. "
         "m-3.flux.lab.svc.k8s.example."},
        {"elastic",
         {.size = 2, .max_size = 8},
         job("m-7", 7),
         "7/2/8 of an Indexed Job: m-[0-7]; dial m-0.flux.lab.svc.k8s.example. "
         "m-7.flux.lab.svc.k8s.example."},
        {"in a JobSet",
         {.size = 4},
         job("set-workers-1-3", 3),
         "3/4 of an Indexed Job: set-workers-1-[0-3]; dial "
         "set-workers-1-0.flux.lab.svc.k8s.example. set-workers-1-3.flux.lab.svc.k8s.example."},
        {"setHostnameAsFQDN",
         {.size = 2},
         job("m-1", 1, ".flux.lab.svc.k8s.example"),
         "1/2 of an Indexed Job: m-0.flux.lab.svc.k8s.example,m-1.flux.lab.svc.k8s.example; dial "
         "m-0.flux.lab.svc.k8s.example. m-1.flux.lab.svc.k8s.example."},
        {"FQDN, and settings that say the same",
         {.size = 2, .service = "flux", .namespace_name = "lab", .domain = "k8s.example"},
         job("m-1", 1, ".flux.lab.svc.k8s.example"),
         "1/2 of an Indexed Job: m-0.flux.lab.svc.k8s.example,m-1.flux.lab.svc.k8s.example; dial "
         "m-0.flux.lab.svc.k8s.example. m-1.flux.lab.svc.k8s.example."},
        {"FQDN, and settings that say otherwise",
         {.size = 2, .domain = "cluster.local"},
         job("m-1", 1, ".flux.lab.svc.k8s.example"),
         "config: the hostname is fully qualified, 'm-1.flux.lab.svc.k8s.example', but --domain "
         "(MUSTER_DOMAIN) says 'cluster.local': leave --domain (MUSTER_DOMAIN) out, or "
         "setHostnameAsFQDN"},
        {"wrong domain",
         {.size = 2, .domain = "cluster.local"},
         job("m-1", 1),
         "1/2 of an Indexed Job: m-[0-1]; dial m-0.flux.lab.svc.cluster.local. "
         "m-1.flux.lab.svc.cluster.local.; --domain (MUSTER_DOMAIN) says 'cluster.local', but "
         "resolv.conf says 'k8s.example'"},
        {"wrong service and namespace",
         {.size = 2, .service = "other", .namespace_name = "default"},
         job("m-1", 1),
         "1/2 of an Indexed Job: m-[0-1]; dial m-0.other.default.svc.k8s.example. "
         "m-1.other.default.svc.k8s.example.; --service (MUSTER_SERVICE) says 'other', but the "
         "pod's own name says 'flux'; --namespace (MUSTER_NAMESPACE) says 'default', but "
         "resolv.conf says 'lab'"},
        {"hostname set by hand",
         {.size = 4},
         job("custom", 1),
         "config: hostname 'custom' does not end in -1, as this pod's index says: leave the "
         "hostname to Kubernetes, or give --name (MUSTER_NAME)"},
        {"another pod's hostname",
         {.size = 4},
         job("m-2", 1),
         "config: hostname 'm-2' does not end in -1, as this pod's index says: leave the hostname "
         "to Kubernetes, or give --name (MUSTER_NAME)"},
        {"hostname set by hand, and a name given",
         {.name = "m", .size = 2},
         job("custom", 1),
         "1/2 of an Indexed Job: m-[0-1]; dial m-0.flux.lab.svc.k8s.example. "
         "m-1.flux.lab.svc.k8s.example."},
        {"hostNetwork: the hostname is the node's",
         {.size = 2, .service = "flux"},
         job("node7", 1, ".ec2.internal"),
         "config: hostname 'node7.ec2.internal' does not end in -1, as this pod's index says: "
         "leave the hostname to Kubernetes, or give --name (MUSTER_NAME)"},
        {"hostNetwork with a name",
         {.name = "m", .size = 2, .service = "flux"},
         job("node7", 1, ".ec2.internal"),
         "1/2 of an Indexed Job: m-[0-1]; dial m-0.flux.lab.svc.k8s.example. "
         "m-1.flux.lab.svc.k8s.example."},
        {"63 characters fit",
         {.size = 1000},
         job(stem59 + "-999", 999),
         fmt::format("999/1000 of an Indexed Job: {}-[0-999]; dial {}-0.flux.lab.svc.k8s.example. "
                     "{}-999.flux.lab.svc.k8s.example.",
                     stem59, stem59, stem59)},
        {"64 do not, and the first pod says so",
         {.size = 11},
         job(stem62 + "-0", 0),
         fmt::format("config: name part '{}-10' has 65 characters, DNS allows 63: shorten --name "
                     "(MUSTER_NAME) or the workload's name",
                     stem62)},
        {"cut by Kubernetes",
         {.size = 20},
         job(stem62 + "1", 10),
         fmt::format("config: hostname '{}1' has 63 characters, where Kubernetes cuts it, and has "
                     "lost its end: shorten the workload's name",
                     stem62)},
        {"beyond max-size",
         {.size = 4},
         job("m-4", 4),
         "config: rank 4 of an Indexed Job is beyond max-size 4: raise --max-size "
         "(MUSTER_MAX_SIZE), or run fewer pods"},
        {"ordinals-start is of another platform",
         {.size = 4, .ordinals_start = 2},
         job("m-1", 1),
         "config: --ordinals-start (MUSTER_ORDINALS_START) is 2, but an Indexed Job counts from "
         "0: leave it out"},
        {"no subdomain",
         {.size = 2},
         [] {
             auto facts = job("m-1", 1);
             facts.fqdn.clear();
             return facts;
         }(),
         "config: the headless Service is not known: set the pod's subdomain, or give --service "
         "(MUSTER_SERVICE)"},
        {"no cluster tells anything",
         {.size = 2},
         outside("m-1", {{"JOB_COMPLETION_INDEX", "1"}}),
         "config: where the pods' names live is not known, resolv.conf has no "
         "'<namespace>.svc.<domain>' and the pod no subdomain: give --service (MUSTER_SERVICE), "
         "--namespace (MUSTER_NAMESPACE), --domain (MUSTER_DOMAIN)"},
        {"no cluster tells anything but the Service",
         {.size = 2, .service = "flux"},
         outside("m-1", {{"JOB_COMPLETION_INDEX", "1"}}),
         "config: where the pods' names live is not known, resolv.conf has no "
         "'<namespace>.svc.<domain>': give --namespace (MUSTER_NAMESPACE), --domain "
         "(MUSTER_DOMAIN)"},
        {"hostname set by hand, and no cluster tells anything",
         {.size = 2},
         outside("custom", {{"JOB_COMPLETION_INDEX", "1"}}),
         "config: hostname 'custom' does not end in -1, as this pod's index says: leave the "
         "hostname to Kubernetes, or give --name (MUSTER_NAME), --service (MUSTER_SERVICE), "
         "--namespace (MUSTER_NAMESPACE), --domain (MUSTER_DOMAIN)"},
        {"dnsPolicy None: the hosts file tells",
         {.size = 2},
         [] {
             auto facts = job("m-1", 1);
             facts.resolv_conf = ResolvConf::parse("nameserver 192.0.2.1");
             return facts;
         }(),
         "1/2 of an Indexed Job: m-[0-1]; dial m-0.flux.lab.svc.k8s.example. "
         "m-1.flux.lab.svc.k8s.example."},
    });
}

TEST(Platforms, StatefulSet) {
    check({
        {"a set",
         {.size = 3},
         pod("db-2"),
         "2/3 of a StatefulSet: db-[0-2]; dial db-0.flux.lab.svc.k8s.example. "
         "db-2.flux.lab.svc.k8s.example."},
        {"ordinals.start",
         {.size = 3, .ordinals_start = 5},
         pod("db-7"),
         "2/3 of a StatefulSet: db-[5-7]; dial db-5.flux.lab.svc.k8s.example. "
         "db-7.flux.lab.svc.k8s.example."},
        {"ordinals.start and FQDN",
         {.size = 2, .ordinals_start = 5},
         pod("db-5", {}, ".flux.lab.svc.k8s.example"),
         "0/2 of a StatefulSet: db-5.flux.lab.svc.k8s.example,db-6.flux.lab.svc.k8s.example; dial "
         "db-5.flux.lab.svc.k8s.example. db-6.flux.lab.svc.k8s.example."},
        {"ordinals.start not given",
         {.size = 3},
         pod("db-5"),
         "config: rank 5 of a StatefulSet is beyond max-size 3: raise --max-size "
         "(MUSTER_MAX_SIZE), or run fewer pods, or give the StatefulSet's spec.ordinals.start as "
         "--ordinals-start (MUSTER_ORDINALS_START)"},
        {"ordinals.start too high",
         {.size = 3, .ordinals_start = 6},
         pod("db-5"),
         "config: hostname 'db-5' has ordinal 5, below --ordinals-start (MUSTER_ORDINALS_START) "
         "6: give the StatefulSet's spec.ordinals.start"},
        {"ordinals.start too low",
         {.size = 3, .ordinals_start = 1},
         pod("db-5"),
         "config: rank 4 of a StatefulSet is beyond max-size 3: raise --max-size "
         "(MUSTER_MAX_SIZE), or run fewer pods"},
        {"cut by Kubernetes",
         {.size = 3},
         pod(std::string(63, 's')),
         fmt::format("config: hostname '{}' has 63 characters, where Kubernetes cuts it, and has "
                     "lost its end: shorten the workload's name",
                     std::string(63, 's'))},
        {"no cluster, and the settings in its place",
         {.size = 3, .service = "web", .namespace_name = "lab", .domain = "k8s.example"},
         outside("web-2"),
         "2/3 of a StatefulSet: web-[0-2]; dial web-0.web.lab.svc.k8s.example. "
         "web-2.web.lab.svc.k8s.example."},
        {"no cluster",
         {.size = 3},
         outside("web-2"),
         "config: the platform does not tell which rank this pod is (hostname 'web-2', no "
         "JOB_COMPLETION_INDEX): give --hosts (MUSTER_HOSTS)"},
        {"no cluster, but a rank",
         {.rank = 2, .size = 3},
         outside("web-2"),
         "config: the platform does not tell what the pods of the other ranks are called "
         "(hostname 'web-2', no JOB_COMPLETION_INDEX): give --hosts (MUSTER_HOSTS)"},
        {"no ordinal",
         {.size = 3},
         pod("web"),
         "config: the platform does not tell which rank this pod is (hostname 'web', no "
         "JOB_COMPLETION_INDEX): give --hosts (MUSTER_HOSTS)"},
    });
}

TEST(Platforms, LeaderWorkerSet) {
    const std::string shared = "model-1.model.lab";
    const std::string unique = "model-1.model-1.lab";
    auto without_index = lws("model-1-2", 2, shared);
    without_index.environment.erase("LWS_WORKER_INDEX");
    auto stranger = lws("other", 2, shared);
    stranger.environment.erase("LWS_WORKER_INDEX");
    check({
        {"the leader",
         {},
         lws("model-1", 0, shared),
         "0/4 of a LeaderWorkerSet: model-1,model-1-[1-3]; dial model-1.model.lab.svc.k8s.example. "
         "model-1-3.model.lab.svc.k8s.example."},
        {"a worker",
         {},
         lws("model-1-3", 3, shared),
         "3/4 of a LeaderWorkerSet: model-1,model-1-[1-3]; dial model-1.model.lab.svc.k8s.example. "
         "model-1-3.model.lab.svc.k8s.example."},
        {"a subdomain for each group",
         {},
         lws("model-1-3", 3, unique),
         "3/4 of a LeaderWorkerSet: model-1,model-1-[1-3]; dial "
         "model-1.model-1.lab.svc.k8s.example. model-1-3.model-1.lab.svc.k8s.example."},
        {"setHostnameAsFQDN",
         {.size = 2},
         lws("model-1-1", 1, shared, ".model.lab.svc.k8s.example"),
         "1/2 of a LeaderWorkerSet: "
         "model-1.model.lab.svc.k8s.example,model-1-1.model.lab.svc.k8s.example; dial "
         "model-1.model.lab.svc.k8s.example. model-1-1.model.lab.svc.k8s.example."},
        {"an old LWS: the hostname tells",
         {},
         without_index,
         "2/4 of a LeaderWorkerSet: model-1,model-1-[1-3]; dial model-1.model.lab.svc.k8s.example. "
         "model-1-3.model.lab.svc.k8s.example."},
        {"neither leader nor worker",
         {},
         stranger,
         "config: hostname 'other' is neither LWS_LEADER_ADDRESS's 'model-1' nor one of its "
         "workers, and there is no LWS_WORKER_INDEX: give --rank (MUSTER_RANK)"},
        {"another pod's hostname",
         {},
         lws("model-1-2", 3, shared),
         "config: hostname 'model-1-2' is not 'model-1-3', as this pod's index says: leave the "
         "hostname to Kubernetes, or give --name (MUSTER_NAME)"},
        {"fewer than the group has",
         {.size = 2},
         lws("model-1-3", 3, shared),
         "config: rank 3 of a LeaderWorkerSet is beyond max-size 2: raise --max-size "
         "(MUSTER_MAX_SIZE), or run fewer pods"},
        {"the leader's address is a number",
         {},
         lws("model-1-3", 3, "10.1.2.3"),
         "config: LWS_LEADER_ADDRESS is '10.1.2.3', not <leader>.<subdomain>.<namespace>: give "
         "--hosts (MUSTER_HOSTS)"},
        {"the size is a word",
         {},
         [&] {
             auto facts = lws("model-1-3", 3, shared);
             facts.environment["LWS_GROUP_SIZE"] = "four";
             return facts;
         }(),
         "config: LWS_GROUP_SIZE is 'four', not a number: unset it, or give --rank"},
    });
}

TEST(Platforms, Compose) {
    const std::string long_base(61, 'p');
    check({
        {"compose v2",
         {.size = 3},
         container("proj-web-2.proj_default"),
         "1/3 of compose: proj-web-[0-2]; dial proj-web-1. proj-web-3."},
        {"compose v1",
         {.size = 3},
         container("proj_web_3.proj_default"),
         "2/3 of compose: proj-web-[0-2]; dial proj_web_1. proj_web_3."},
        {"dots in the service's name",
         {.size = 2},
         container("proj-my.web-1.proj_default"),
         "0/2 of compose: proj-my.web-[0-1]; dial proj-my.web-1. proj-my.web-2."},
        {"a name given",
         {.name = "flux", .size = 2},
         container("proj-web-2.net"),
         "1/2 of compose: flux-[0-1]; dial proj-web-1. proj-web-2."},
        {"elastic",
         {.size = 1, .max_size = 4},
         container("proj-web-4.net"),
         "3/1/4 of compose: proj-web-[0-3]; dial proj-web-1. proj-web-4."},
        {"no size",
         {},
         container("proj-web-1.net"),
         "usage: the number of brokers is not known: give --size (MUSTER_SIZE)"},
        {"one broker, and docker run",
         {.size = 1},
         container("jolly_turing.net"),
         "0/1 of a single broker: 0123456789ab; dial 0123456789ab 0123456789ab"},
        {"beyond max-size, or a gap",
         {.size = 3},
         container("proj-web-4.net"),
         "config: container proj-web-4 is number 4 of its service, but max-size is 3: raise "
         "--max-size (MUSTER_MAX_SIZE), or let compose count anew (docker compose down, then up)"},
        {"the second of one",
         {.size = 1},
         container("proj-web-2.net"),
         "config: container proj-web-2 is number 2 of its service, but max-size is 1: raise "
         "--max-size (MUSTER_MAX_SIZE), or let compose count anew (docker compose down, then up)"},
        {"a one-off",
         {.size = 3},
         container("proj-web-run-0123456789ab.proj_default"),
         "config: container 'proj-web-run-0123456789ab' is a one-off of `docker compose run`, "
         "which has no number: use `docker compose up --scale SERVICE=N`"},
        {"a one-off of v1",
         {.size = 3},
         container("proj_web_run_999999999999.proj_default"),
         "config: container 'proj_web_run_999999999999' is a one-off of `docker compose run`, "
         "which has no number: use `docker compose up --scale SERVICE=N`"},
        {"container_name",
         {.size = 3},
         container("leader.proj_default"),
         "config: container 'leader' has no number: remove container_name from the compose file, "
         "and scale the service; elsewhere than in compose give --hosts (MUSTER_HOSTS)"},
        {"not told",
         {.size = 3},
         unnamed("172.18.0.3: no such name, asked 9 times in 5 s", true),
         "config: Docker's name server does not say which container this is (172.18.0.3: no such "
         "name, asked 9 times in 5 s): start it by `docker compose up`, or give --hosts "
         "(MUSTER_HOSTS)"},
        {"silence",
         {.size = 3},
         unnamed("172.18.0.3: no answer, asked 9 times in 5 s", false),
         "unavailable: Docker's name server does not say which container this is (172.18.0.3: no "
         "answer, asked 9 times in 5 s): start it by `docker compose up`, or give --hosts "
         "(MUSTER_HOSTS)"},
        {"another rank asked for",
         {.rank = 2, .size = 3},
         container("proj-web-2.net"),
         "config: this is container proj-web-2, rank 1, but --rank (MUSTER_RANK) says 2: leave "
         "--rank out, two containers must not have one rank"},
        {"63 characters",
         {.size = 11},
         container(long_base + "-1.net"),
         fmt::format("config: name part '{}-10' has 64 characters, DNS allows 63: shorten the "
                     "project's or the service's name, or --name (MUSTER_NAME)",
                     long_base)},
        {"a list wins",
         {.hosts = "0123456789ab,b"},
         container("proj-web-2.net"),
         "0/2 of a host list: 0123456789ab,b; dial 0123456789ab b"},
    });
}

TEST(Platforms, List) {
    PodFacts box;
    box.hostname = "b";
    PodFacts qualified;
    qualified.hostname = "b.example.org";
    check({
        {"not in the list",
         {.hosts = "a,c"},
         box,
         "config: this host, 'b', is not in --hosts (MUSTER_HOSTS) 'a,c': add it, or give --rank "
         "(MUSTER_RANK)"},
        {"its short name is",
         {.hosts = "a,b"},
         qualified,
         "config: this host, 'b.example.org', is not in --hosts (MUSTER_HOSTS) 'a,b', though 'b' "
         "is: give --name b (MUSTER_NAME)"},
        {"with that name",
         {.name = "b", .hosts = "a,b"},
         qualified,
         "1/2 of a host list: a,b; dial a b"},
        {"the rank of another",
         {.rank = 0, .hosts = "a,b"},
         box,
         "config: this host, 'b', is rank 1 of --hosts (MUSTER_HOSTS), but --rank (MUSTER_RANK) "
         "says 0: leave --rank out, two pods must not have one rank"},
        {"several ranks on one host, told apart by address",
         {.rank = 0, .hosts = "a,b", .addresses = "127.0.0.[2-3]"},
         box,
         "0/2 of a host list: a,b; dial 127.0.0.2 127.0.0.3"},
        {"ordinals-start is of another platform",
         {.hosts = "a,b", .ordinals_start = 2},
         box,
         "config: --ordinals-start (MUSTER_ORDINALS_START) is 2, but a host list counts from 0: "
         "leave it out"},
        {"a rank for a host that has none",
         {.rank = 0, .hosts = "a,c"},
         box,
         "0/2 of a host list: a,c; dial a c"},
    });
}

TEST(Platforms, LeaderAddress) {
    const auto dial = [](const std::string& address, const PodFacts& facts) {
        const auto identity = identify({.size = 2, .leader_address = address}, facts);
        return identity ? identity->dial_name(0) + " " + identity->connect_name(1)
                        : identity.error().message;
    };
    const auto facts = job("m-1", 1);
    const std::string own = " m-1.flux.lab.svc.k8s.example.";
    EXPECT_EQ(dial("10.96.0.7", facts), "10.96.0.7" + own);
    EXPECT_EQ(dial("fd00::7", facts), "fd00::7" + own);
    EXPECT_EQ(dial("[fd00::7]", facts), "fd00::7" + own);
    EXPECT_EQ(dial("flux-leader", facts), "flux-leader.lab.svc.k8s.example." + own);
    EXPECT_EQ(dial("flux-leader.prod", facts), "flux-leader.prod.svc.k8s.example." + own);
    EXPECT_EQ(dial("flux-leader.prod.svc", facts), "flux-leader.prod.svc.k8s.example." + own);
    EXPECT_EQ(dial("m-0.flux", facts), "m-0.flux.lab.svc.k8s.example." + own);
    EXPECT_EQ(dial("leader.example.org", facts), "leader.example.org." + own);
    EXPECT_EQ(dial("leader.", facts), "leader." + own);
    for (const auto* bad : {"10.96.0.7:8050", "tcp://leader", "[leader]"})
        EXPECT_EQ(dial(bad, facts),
                  fmt::format("--leader-address (MUSTER_LEADER_ADDRESS) '{}' is neither a name nor "
                              "an address: a port is given by --port (MUSTER_PORT)",
                              bad));
    EXPECT_EQ(dial("a..b", facts),
              "name 'a..b' has an empty part: correct --leader-address (MUSTER_LEADER_ADDRESS)");
}

TEST(WholeName, IsWhereTheBrokersOwnLookUpLeads) {
    PodFacts machine;
    machine.resolv_conf = ResolvConf::parse("search example.org example.com\nnameserver 192.0.2.1");
    machine.hosts_file =
        "127.0.0.1 localhost\n192.0.2.7 node7.lan node7  # the seventh\n"
        "fd00::8 node8\n192.0.2.8 node8\nfd00::9 node9\n";
    struct Case {
        const char* name;
        Family family;
        const PodFacts& facts;
        const char* expected;
    };
    const PodFacts in_pod = job("m-1", 1);
    const PodFacts in_container = container("lab-web-1.lab_default");
    const PodFacts nowhere;
    const Case cases[] = {
        {"node7", Family::ipv4, machine, "192.0.2.7"},
        {"node7", Family::any, machine, "192.0.2.7"},
        {"node7.lan", Family::ipv4, machine, "192.0.2.7"},
        {"node8", Family::any, machine, "fd00::8"},
        {"node8", Family::ipv4, machine, "192.0.2.8"},
        {"node9", Family::ipv4, machine, "node9.example.org."},
        {"node1", Family::ipv4, machine, "node1.example.org."},
        {"node1.", Family::ipv4, machine, "node1."},
        {"node1.lan", Family::ipv4, machine, "node1.lan."},
        {"192.0.2.3", Family::ipv4, machine, "192.0.2.3"},
        {"fd00::3", Family::ipv6, machine, "fd00::3"},
        {"m-0", Family::ipv4, in_pod, "m-0.lab.svc.k8s.example."},
        {"m-0.flux", Family::ipv4, in_pod, "m-0.flux.lab.svc.k8s.example."},
        {"m-0.flux.lab.svc.k8s.example.", Family::ipv4, in_pod, "m-0.flux.lab.svc.k8s.example."},
        {"web", Family::ipv4, in_container, "web"},
        {"web", Family::ipv4, nowhere, "web"},
    };
    for (const auto& row : cases)
        EXPECT_EQ(whole_name(row.name, row.facts, row.family), row.expected) << row.name;
}

/// The laws of an instance: whoever computes, all see the same hosts, and nobody shares a rank.
void expect_one_instance(const IdentityRequest& request, const std::vector<PodFacts>& pods) {
    std::vector<Identity> identities;
    for (const auto& facts : pods) {
        auto identity = identify(request, facts);
        ASSERT_TRUE(identity) << identity.error().message;
        identities.push_back(*std::move(identity));
    }
    for (std::uint32_t rank = 0; rank < identities.size(); ++rank) {
        const auto& one = identities[rank];
        EXPECT_EQ(one.rank, rank);
        EXPECT_EQ(one.hosts, identities[0].hosts);
        EXPECT_EQ(one.instance, identities[0].instance);
        EXPECT_EQ(one.max_size, one.hosts.size());
        EXPECT_EQ(one.hosts, one.hosts.without_duplicates());
        for (std::uint32_t other = 0; other < one.max_size; ++other)
            EXPECT_EQ(one.dial_name(other), identities[0].dial_name(other));
        // What `muster plan --rank` imagines of any pod is what that pod sees itself.
        for (std::uint32_t from = 0; from < pods.size(); ++from) {
            const auto imagined = identify(request, imagine_pod(pods[from], request, rank));
            ASSERT_TRUE(imagined) << imagined.error().message;
            EXPECT_EQ(imagined->rank, rank);
            EXPECT_EQ(imagined->hosts, one.hosts);
        }
    }
}

TEST(Platforms, AllPodsOfAnInstanceComputeTheSame) {
    const auto make = [](std::uint32_t size, auto facts_of) {
        std::vector<PodFacts> pods;
        for (std::uint32_t i = 0; i < size; ++i) pods.push_back(facts_of(static_cast<int>(i)));
        return pods;
    };
    const std::string tail = ".flux.lab.svc.k8s.example";
    for (const std::uint32_t size : {1u, 2u, 11u, 16u}) {
        const IdentityRequest request{.size = size};
        const IdentityRequest shifted{.size = size, .ordinals_start = 9};
        for (const auto& fqdn : {std::string(), tail}) {
            expect_one_instance(request, make(size, [&](int i) {
                                    return job(fmt::format("set-w-0-{}", i), i, fqdn);
                                }));
            expect_one_instance(
                request, make(size, [&](int i) { return pod(fmt::format("db-{}", i), {}, fqdn); }));
            expect_one_instance(shifted, make(size, [&](int i) {
                                    return pod(fmt::format("db-{}", 9 + i), {}, fqdn);
                                }));
            expect_one_instance(request, make(size, [&](int i) {
                                    return lws(i == 0 ? "l-0" : fmt::format("l-0-{}", i), i,
                                               "l-0.flux.lab", fqdn);
                                }));
        }
        for (const auto* base : {"proj-web-", "proj_web_"})
            expect_one_instance(request, make(size, [&](int i) {
                                    return container(fmt::format("{}{}.net", base, i + 1));
                                }));
    }
}

}  // namespace
}  // namespace muster::discovery
