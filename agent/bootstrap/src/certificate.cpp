// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/certificate.hpp"

namespace muster::bootstrap {

Result<curve::Certificate> obtain_certificate(const Settings& settings, const Plan& plan) {
    if (!plan.certificate_is_ours && plan.identity.max_size > 1)
        return within("curve_cert of [bootstrap]", curve::read(plan.certificate));
    if (settings.cert && settings.secret)
        return fail(Kind::usage, "both --cert and --secret are given: keep one");
    if (settings.cert)
        return within("--cert (MUSTER_CERT)",
                      curve::read(*settings.cert, curve::Permissions::secret_volume));
    const auto make = [&plan](curve::KeyPair keys) {
        return curve::Certificate{.name = curve::sanitise(plan.identity.instance),
                                  .metadata = {},
                                  .keys = std::move(keys)};
    };
    if (settings.secret) {
        TRY_ASSIGN(
            const auto secret,
            within("--secret (MUSTER_SECRET)",
                   curve::read_shared_secret(*settings.secret, curve::Permissions::secret_volume)));
        return curve::derive(secret, plan.identity.instance).map(make);
    }
    if (plan.identity.max_size > 1)
        return fail(Kind::config,
                    "{} brokers need one certificate: make it with 'muster keygen FILE', share it "
                    "as a Secret, and give --cert (MUSTER_CERT); or --secret (MUSTER_SECRET)",
                    plan.identity.max_size);
    return curve::make_key_pair().map(make);
}

}  // namespace muster::bootstrap
