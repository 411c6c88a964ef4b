using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BinarySize.Baselines;
using BinarySize.Rendering;
using BinarySize.Reports;
using BinarySize.Tests.Baselines;

namespace BinarySize.Tests.Rendering;

/// <summary>Diffs as they are shown, of real files and of names that somebody made up to do harm.</summary>
public sealed class DiffReportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bsz").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static ArtifactDiff C() => DiffSamples.Diff(DiffSamples.C.Old, DiffSamples.C.New);

    // Files called after attacks; half of them only in the new folder, and all of another size there.
    private ArtifactDiff Attacked()
    {
        foreach (string side in (string[])["old", "new"])
        {
            Directory.CreateDirectory(Path.Combine(_folder, side));
            int size = side == "old" ? 1000 : 1700, i = 0;
            foreach (string attack in Attacks.All)
            {
                string name = new([.. attack.Where(c => c is not ('/' or '\0') && !char.IsSurrogate(c)).Take(60)]);
                if (name.Trim('.').Length == 0 || (side == "old" && i++ % 2 == 0)) continue;
                File.WriteAllBytes(Path.Combine(_folder, side, name), new byte[size++]);
            }
        }
        return DiffSamples.Diff(Path.Combine(_folder, "old"), Path.Combine(_folder, "new"), Level.File);
    }

    [Fact]
    public void Text_is_ASCII_of_at_most_79_columns()
    {
        foreach (ArtifactDiff diff in (ArtifactDiff[])[C(), Attacked(), DiffSamples.Diff(DiffSamples.CSharp.Old, DiffSamples.CSharp.New), DiffSamples.Diff("/bin/ls", "/bin/bash", Level.Section, Level.Symbol)])
        {
            string text = DiffReport.Text(diff, new DiffOptions { Top = 500 });
            Assert.EndsWith("\n", text, StringComparison.Ordinal);
            foreach (string line in text.Split('\n'))
            {
                Assert.True(line.Length <= 79, line);
                Assert.True(Ascii.IsValid(line) && !line.Any(char.IsControl), line);
                Assert.False(line.Contains("##", StringComparison.Ordinal) || line.TrimStart().StartsWith("::", StringComparison.Ordinal), line);
            }
        }
    }

    [Fact]
    public void Text_says_what_counts()
    {
        ArtifactDiff diff = C();
        string[] lines = DiffReport.Text(diff).Split('\n');
        string[] Words(string end) => lines.Single(l => l.EndsWith("  " + end, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("grown", Words("grows"));
        Assert.Contains("renamed", Words("tally"));
        Assert.Equal("  was alpha_compute", lines[Array.FindIndex(lines, l => l.EndsWith("tally", StringComparison.Ordinal)) + 1][^19..]);
        Assert.Equal(2, lines.Count(l => l.EndsWith("  padding", StringComparison.Ordinal) || l.EndsWith("net of padding", StringComparison.Ordinal) && l.Contains("iB ", StringComparison.Ordinal)));
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"{diff.Total:+#,0;-#,0;0} B on disk, {diff.NetOfPadding:+#,0;-#,0;0} B net of padding"), lines);

        string few = DiffReport.Text(diff, new DiffOptions { Top = 2 });
        Assert.Contains(" other items\n", few, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_is_by_the_schema_and_adds_up()
    {
        ArtifactDiff[] diffs = [C(), Attacked(), DiffSamples.Diff(DiffSamples.CSharp.Old, DiffSamples.CSharp.New), DiffSamples.Diff("/bin/ls", "/bin/ls")];
        byte[][] documents = [.. diffs.Select(d => DiffReport.Json(d))];
        Assert.All(JsonSchema.Validate("diff-1.json", documents), v => Assert.Equal("ok", v));
        foreach ((ArtifactDiff diff, byte[] bytes) in diffs.Zip(documents))
        {
            Assert.All(bytes, b => Assert.True(b is (byte)'\n' or >= (byte)' ' and <= (byte)'~' && b != (byte)'#'));
            using JsonDocument json = JsonDocument.Parse(bytes);
            JsonElement root = json.RootElement;
            Assert.Equal(root.GetProperty("delta").GetInt64(), root.GetProperty("padding").GetInt64() + root.GetProperty("rows").EnumerateArray().Sum(r => r.GetProperty("delta").GetInt64()));
            Assert.Equal(diff.NewSize - diff.OldSize, root.GetProperty("delta").GetInt64());
            Assert.Equal(diff.Rows.Count(r => r.Status != DiffStatus.Unchanged), root.GetProperty("rows").GetArrayLength());
        }
    }

    [Fact]
    public void The_schema_refuses_what_is_not_a_diff()
    {
        byte[] valid = DiffReport.Json(C());
        Action<JsonNode>[] changes =
        [
            d => d["schema"] = 2, d => d["extra"] = 1, d => d.AsObject().Remove("padding"), d => d["old"]!["size"] = -1, d => d["delta"] = 0.5,
            d => d["rows"]![0]!["status"] = "unchanged", d => d["rows"]![0]!["kind"] = "", d => d["rows"]![0]!["new"] = "1", d => d["levels"]![0] = "byte", d => d["counts"]!["lost"] = 1,
        ];
        string[] verdicts = JsonSchema.Validate("diff-1.json", [valid, .. changes.Select(change =>
        {
            JsonNode diff = JsonNode.Parse(valid)!;
            change(diff);
            return Encoding.UTF8.GetBytes(diff.ToJsonString());
        })]);
        Assert.Equal("ok", verdicts[0]);
        Assert.DoesNotContain("ok", verdicts.Skip(1));
    }

    [Fact]
    public void Python_reads_the_CSV_and_deltas_add_up()
    {
        foreach (ArtifactDiff diff in (ArtifactDiff[])[C(), Attacked()])
        {
            string path = Path.Combine(_folder, "diff.csv");
            File.WriteAllText(path, DiffReport.Csv(diff));
            string json = Tool.Run("python3", "-c", "import csv,json,sys\nprint(json.dumps(list(csv.reader(open(sys.argv[1],newline='',encoding='utf-8'),strict=True))))", path);
            string[][] records = JsonSerializer.Deserialize<string[][]>(json)!;
            Assert.Equal(DiffReport.CsvHeader.Split(','), records[0]);
            Assert.All(records, r => Assert.Equal(9, r.Length));
            Assert.Equal(diff.NewSize - diff.OldSize, records.Skip(1).Sum(r => long.Parse(r[1], CultureInfo.InvariantCulture)));
            foreach (string[] record in records.Skip(1)) Assert.All(record.AsSpan(4).ToArray(), f => Assert.False(f.Length > 0 && "=+-@\t\r".Contains(f[0], StringComparison.Ordinal), f));
        }
    }

    [Fact]
    public void Markdown_shows_names_and_nothing_else()
    {
        ArtifactDiff diff = Attacked();
        string markdown = DiffReport.Markdown(diff, new DiffOptions { Top = 500 });
        string html = CommonMark(markdown);
        // Of markup there is only what we wrote.
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<a ", html, StringComparison.Ordinal);
        Assert.DoesNotContain(markdown.Split('\n'), l => l.Contains("##", StringComparison.Ordinal) && !l.StartsWith("## Size: ", StringComparison.Ordinal));
        int changed = diff.Rows.Count(r => r.Status != DiffStatus.Unchanged);
        Assert.Equal(changed + 4, html.Split("<tr>").Length - 1);
        Assert.All(html.Split("<tr>").Skip(1), row => Assert.Equal(5, row.Split("<td").Length + row.Split("<th").Length - 2 - (row.Contains("<thead", StringComparison.Ordinal) ? 1 : 0)));
        Assert.True(Encoding.UTF8.GetByteCount(DiffReport.Markdown(diff, new DiffOptions { Top = 500 }, maxBytes: 5000)) <= 5000);
    }

    [Fact]
    public void The_command_compares_and_says_what_it_cannot()
    {
        (string old, string @new) = DiffSamples.C;
        (int code, string output, string error) = Cli.Run("diff", old, @new);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("net of padding", output, StringComparison.Ordinal);
        (code, output, _) = Cli.Run("diff", old, @new, "--format", "json", "--by", "section,symbol", "--filter", "grows");
        Assert.Equal(0, code);
        Assert.Equal(["ok"], JsonSchema.Validate("diff-1.json", [Encoding.UTF8.GetBytes(output)]));
        using (JsonDocument json = JsonDocument.Parse(output))
        {
            Assert.All(json.RootElement.GetProperty("rows").EnumerateArray(), r => Assert.Equal("grows", r.GetProperty("name").GetString()));
            Assert.Equal(new FileInfo(@new).Length - new FileInfo(old).Length, json.RootElement.GetProperty("delta").GetInt64());
        }
        foreach ((int expected, string[] arguments) in ((int, string[])[])[
            (2, ["diff", old]), (2, ["diff", old, @new, "--format", "html"]), (2, ["diff", old, @new, "--by", "byte"]), (2, ["diff", old, @new, "--top", "0"]), (2, ["diff", old, @new, "--filter", ""]),
            (3, ["diff", old, "/nowhere"]), (3, ["diff", "/nowhere", @new]), (3, ["diff", old, @new, "--old-mstat", "/nowhere"])])
        {
            (code, output, error) = Cli.Run(arguments);
            Assert.True(code == expected, $"{string.Join(' ', arguments)}: {code}, not {expected}: {error}");
            Assert.Equal("", output);
            Assert.StartsWith("binarysize: ", error, StringComparison.Ordinal);
        }
    }

    private string CommonMark(string markdown)
    {
        string path = Path.Combine(_folder, "diff.md");
        File.WriteAllText(path, markdown);
        return Tool.Run("cmark-gfm", "-e", "table", "--unsafe", path);
    }
}
