// Command rotate-session is the Lambda function that rotates ScrapRight's session for Secrets Manager, step by step.
package main

import "yardstick/pkg/app"

func main() { app.ServeRotation() }
