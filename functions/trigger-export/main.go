// Command trigger-export is the Lambda function that starts exports when a signed webhook comes to its function URL.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"yardstick/pkg/app"
	"yardstick/pkg/awscloud/invoke"
)

func main() { app.ServeTrigger(func(c aws.Config) app.Starter { return invoke.New(c) }) }
