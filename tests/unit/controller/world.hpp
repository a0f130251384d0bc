// SPDX-License-Identifier: Apache-2.0
// A namespace of a Kubernetes API in memory, as far as decide() can tell: names, uids, merge
// patches, generations; the Job controller's pods; and what users and strangers do there.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "muster/controller/decide.hpp"

namespace muster::controller {

class World {
  public:
    using Key = std::pair<std::string, std::string>;  ///< kind, name

    /// With the MiniCluster "lab" of this spec (JSON).
    explicit World(const std::string& spec);

    /// One pass of the controller, cut off after `most` requests. The writes that came about.
    int reconcile(int most = 1000);
    /// Passes until nothing is written any more; false when that does not happen in ten.
    bool settle();

    // What others do.
    void set_spec(const std::string& key, const std::string& json);
    void remove(const Key& key);        ///< with all that it owns
    void forget_owner(const Key& key);  ///< deletes it, but what it owns is still there
    void remove_pods();
    void mark_deleted();  ///< the MiniCluster, which finalizers keep
    void set_status(const std::string& json);
    void add_stranger(const Key& key);
    void add_of_predecessor(const Key& key);  ///< owned by an earlier MiniCluster of this name
    void add_left_job();  ///< the MiniCluster's, as the Flux Operator made it
    void run_job_controller();
    void set_pod(int index,
                 const std::string& status);  ///< JSON; nothing where there is no such pod
    void set_metadata(const Key& key, const std::string& member, const std::string& json);
    void set_job(const std::string& part, const std::string& key, const std::string& json);
    void set_service(const std::string& json);  ///< merged into the spec of the headless one
    void set_services_pod(const std::string& status);
    void set_labels(const Key& key, const std::string& json);
    std::string image;          ///< the controller's, of muster
    bool refuses_jobs = false;  ///< as an admission webhook does

    json::Value get(const Key& key) const;  ///< null when there is none
    json::Value minicluster() const { return get({"MiniCluster", "lab"}); }
    json::Value job() const { return get({"Job", "lab"}); }
    std::string condition(const std::string& type, const std::string& part = "reason") const;
    std::string phase() const;
    std::vector<std::string> events() const { return events_; }  ///< "Reason: message"
    /// Laws that were broken on the way; empty.
    const std::string& broken() const { return broken_; }
    std::vector<Action> next_actions() const;
    Observed observe(const std::string& refusal = {}) const;  ///< as a Store keeps it
    int count(const std::string& kind) const;
    static const std::string service, secret, services_pod;  ///< names

  private:
    /// What the API has against it.
    std::optional<std::string> apply(const Action& action);
    std::optional<std::string> create(const json::Value& object);
    std::optional<std::string> patch(const Action& action);
    std::optional<std::string> take_away(const json::Value& object);
    void put(const Key& key, json::Value object);
    void break_law(const std::string& what) { broken_ += what + "\n"; }

    std::map<Key, json::Value> objects_;
    std::vector<std::string> events_;
    std::string broken_;
    int last_uid_ = 0;
    int version_ = 0;
    int seconds_ = 0;
    int secrets_made_ = 0;
};

json::Value parse(const std::string& text);

}  // namespace muster::controller
