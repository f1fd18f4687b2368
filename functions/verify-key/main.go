// Command verify-key is the Lambda function that tries a new API key at its vendor and raises the alarm where it is refused.
package main

import "yardstick/pkg/app"

func main() { app.ServeVerification() }
