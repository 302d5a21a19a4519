#!/bin/sh
# Addresses of the test cluster, read by the other scripts. One node at a time runs on a machine.
# shellcheck disable=SC2034 # for those who read this file
node_name='node-1'
link_outside=flamepin0 # on the caller's side
link_inside=flamepin1
outside=10.203.0.2
node=10.203.0.1
pods=10.203.1.0/24
services=10.203.2.0/24
# The API server itself listens on the `kubernetes` service's address, so that pods reach it without translation.
api_service=10.203.2.1
