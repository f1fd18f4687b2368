package simulator_test

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"yardstick/pkg/simulator"
)

// A key that may read one brand of two; the day of that brand has two rows, whatever report is asked for.
func ExampleScrunch_SetRecords() {
	vendor := simulator.NewScrunch(simulator.ScrunchConfig{
		Brands: 2, StableOrder: true, Now: time.Now,
		Keys: []simulator.ScrunchKey{{Key: "demo-key", Brands: []int{102}}},
	})
	vendor.SetRecords(simulator.Query, 102, "2026-11-22", []string{`{"date":"20261122"}`, `{"date":20261122.0}`})
	url, stop, err := vendor.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	for _, path := range []string{"/brands/101/personas", "/102/query?start_date=2026-11-22&end_date=2026-11-22"} {
		request, err := http.NewRequest(http.MethodGet, url+path, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		request.Header.Set("Authorization", "Bearer demo-key")
		resp, err := http.DefaultClient.Do(request)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		fmt.Println(resp.StatusCode, string(body), err)
	}
	// Output:
	// 403 {"detail":"This API key does not have access to the brand"} <nil>
	// 200 [{"date":"20261122"},{"date":20261122.0}] <nil>
}
