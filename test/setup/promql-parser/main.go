// Asks Prometheus' own parser: one quoted expression a line in, `ok` or what is wrong with it a line out.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"

	"github.com/prometheus/prometheus/promql/parser"
)

func main() {
	promql := parser.NewParser(parser.Options{})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		expression, err := strconv.Unquote(lines.Text())
		if err == nil {
			_, err = promql.ParseExpr(expression)
		}
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println("ok")
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
