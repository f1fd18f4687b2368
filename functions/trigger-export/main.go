// Command trigger-export is the Lambda function that starts exports when a signed webhook comes to its function URL.
package main

import "yardstick/pkg/app"

func main() { app.ServeTrigger() }
