// SPDX-License-Identifier: Apache-2.0
// YAML that people wrote, changed in place: what is not changed stays as it is, byte for byte.
#pragma once

#include "muster/yaml/node.hpp"
#include "muster/yaml/stream.hpp"
