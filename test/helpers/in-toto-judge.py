"""Judges statements on standard input, one a line, by what the in-toto project publishes; the first fault ends it."""

import json
import sys

from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement

for line in sys.stdin:
    statement = json_format.Parse(line, statement_pb2.Statement())
    Statement.copy_from_pb(statement).validate()
    predicate = json.dumps(json.loads(line)["predicate"])
    provenance = json_format.Parse(predicate, provenance_pb2.Provenance())
    for dependency in provenance.build_definition.resolved_dependencies:
        ResourceDescriptor.copy_from_pb(dependency).validate()
