// SPDX-License-Identifier: Apache-2.0
// What a pod of Kubernetes knows -> which broker it is, or the sentence that refuses it.
#include <gtest/gtest.h>

#include "platform_pods.hpp"

namespace muster::discovery {
namespace {

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

}  // namespace
}  // namespace muster::discovery
