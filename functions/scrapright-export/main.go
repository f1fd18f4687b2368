// Command scrapright-export is the Lambda function that exports ScrapRight's purchases, customers and businesses.
package main

import "yardstick/pkg/app"

func main() { app.ServeExport(app.ScrapRight) }
