// SPDX-License-Identifier: Apache-2.0
#include "bearer.hpp"

#include "muster/base/fd.hpp"

namespace muster::kube {

Result<Secret> Bearer::token(TimePoint now) {
    const bool is_due = token_.empty() || !read_at_ || now - *read_at_ >= std::chrono::minutes(1);
    if (!file_.empty() && is_due) refresh(now);
    if (!file_.empty() && token_.empty())
        return fail(Kind::io, "{} holds no token that can be read", file_);
    return token_;
}

bool Bearer::refresh(TimePoint now) {
    if (file_.empty()) return false;
    read_at_ = now;
    auto text = read_file(file_, 1u << 20);
    if (!text) return false;
    text->erase(text->find_last_not_of(" \r\n") + 1);
    const bool is_new = !text->empty() && *text != token_.reveal();
    if (is_new) token_ = Secret(std::move(*text));
    return is_new;
}

}  // namespace muster::kube
