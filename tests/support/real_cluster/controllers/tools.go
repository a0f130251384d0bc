// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package controllers names the controllers of JobSet and LeaderWorkerSet; ../programs.py builds them.
package controllers

import (
	_ "sigs.k8s.io/jobset"
	_ "sigs.k8s.io/lws/cmd"
)
