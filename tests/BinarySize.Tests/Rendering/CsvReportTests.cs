using System.Globalization;
using System.Text.Json;
using BinarySize.Rendering;
using BinarySize.Reports;

namespace BinarySize.Tests.Rendering;

public class CsvReportTests
{
    [Fact]
    public void Golden_report() => Golden.Check("report.csv", CsvReport.Render(SampleReport.Make()));

    [Fact]
    public void Python_reads_it_and_leaves_add_up()
    {
        foreach (Report report in (Report[])[SampleReport.Make(), Attacks.Report(), SampleReport.Extreme()])
        {
            string csv = CsvReport.Render(report);
            string path = Path.GetTempFileName();
            File.WriteAllText(path, csv);
            try
            {
                string json = Tool.Run("python3", "-c", "import csv,json,sys\ncsv.field_size_limit(10**9)\nprint(json.dumps(list(csv.reader(open(sys.argv[1],newline='',encoding='utf-8'),strict=True))))", path);
                string[][] records = JsonSerializer.Deserialize<string[][]>(json)!;
                Assert.Equal(CsvReport.Header.Split(','), records[0]);
                Assert.All(records, r => Assert.Equal(10, r.Length));
                Assert.Equal(report.Size, records.Skip(1).Sum(r => long.Parse(r[6], CultureInfo.InvariantCulture)));
                Assert.Equal(csv.Split("\r\n").Length - 1, records.Length);
                foreach (string field in records.SelectMany(r => r)) Assert.False(field.Length > 0 && "=+-@\t\r".Contains(field[0], StringComparison.Ordinal), field);
            }
            finally
            {
                File.Delete(path);
            }
            Assert.DoesNotContain("##", csv, StringComparison.Ordinal);
            foreach (string line in csv.Split("\r\n"))
            {
                Assert.DoesNotContain('\n', line);
                Assert.DoesNotContain('\u001b', line);
                Assert.False(line.TrimStart().StartsWith("::", StringComparison.Ordinal), line);
            }
        }
    }

    [Fact]
    public void Text_and_bytes_are_the_same() =>
        Assert.Equal(CsvReport.Render(Attacks.Report()), System.Text.Encoding.UTF8.GetString(ReportWriter.Render(Attacks.Report(), ReportFormat.Csv)));
}
