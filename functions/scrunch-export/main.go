// Command scrunch-export is the Lambda function that exports Scrunch's brand metrics, listings and responses.
package main

import "yardstick/pkg/app"

func main() { app.ServeExport(app.Scrunch) }
