"""Prints a CloudFormation template that has the state machine's definition inline, as JSON: cfn-lint checks the Amazon
States Language only there, and not in the file that DefinitionUri names. Usage: python .ci/asl.py functions/backfill.asl.yaml"""

import json
import pathlib
import sys

import yaml

definition = yaml.safe_load(pathlib.Path(sys.argv[1]).read_text())
machine = {
    "Type": "AWS::StepFunctions::StateMachine",
    "Properties": {"RoleArn": "arn:aws:iam::123456789012:role/backfill", "Definition": definition},
}
json.dump({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Backfill": machine}}, sys.stdout, indent=1)
