using System.Text.Json;

namespace BinarySize.EndToEnd;

/// <summary>A node of a report's tree. Reading one checks that it is the sum of its children.</summary>
internal sealed record Node(string Name, string Kind, long Size, long? Unpacked, string? Package, IReadOnlyList<Node> Children)
{
    public static Node Read(JsonElement json)
    {
        var children = json.GetProperty("children").EnumerateArray().Select(Read).ToList();
        var node = new Node(
            json.GetProperty("name").GetString()!, json.GetProperty("kind").GetString()!, json.GetProperty("size").GetInt64(),
            json.TryGetProperty("unpacked", out JsonElement unpacked) ? unpacked.GetInt64() : null,
            json.TryGetProperty("package", out JsonElement package) ? package.GetString() : null, children);
        Assert.True(children.Count == 0 || children.Sum(c => c.Size) == node.Size, $"'{node.Name}' has {node.Size} bytes, its children {children.Sum(c => c.Size)}");
        return node;
    }

    /// <summary>Children of a kind, by name.</summary>
    public SortedDictionary<string, long> Of(string kind)
    {
        var sizes = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (Node child in Children.Where(c => c.Kind == kind)) sizes[child.Name] = sizes.GetValueOrDefault(child.Name) + child.Size;
        return sizes;
    }

    /// <summary>This node and everything below it.</summary>
    public IEnumerable<Node> All() => Children.SelectMany(c => c.All()).Prepend(this);

    public Node this[string name] => Children.FirstOrDefault(c => c.Name == name) ?? throw new Xunit.Sdk.XunitException($"'{Name}' has no '{name}', but {string.Join(", ", Children.Select(c => c.Name))}");
}

internal sealed record ArtifactNode(string Path, string Kind, long Size, int Files, Node Tree, IReadOnlyList<string> Warnings);

internal sealed record BudgetRow(string Name, string Scope, string Metric, long Value, long? Max, long? Warn, string Verdict, int MatchCount, IReadOnlyList<string> Matches);

/// <summary>report.json, read back.</summary>
internal sealed record ReportDocument(IReadOnlyList<ArtifactNode> Artifacts, IReadOnlyList<BudgetRow> Budgets, string Stage, string Text)
{
    public ArtifactNode Main => Artifacts[0];

    public BudgetRow Budget(string name) => Budgets.Single(b => b.Name == name);

    public static ReportDocument Load(string path)
    {
        Assert.True(File.Exists(path), $"there is no report '{path}'");
        string text = File.ReadAllText(path);
        using JsonDocument json = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 1000 });
        Assert.Equal(1, json.RootElement.GetProperty("schema").GetInt32());
        var artifacts = new List<ArtifactNode>();
        foreach (JsonElement a in json.RootElement.GetProperty("artifacts").EnumerateArray())
        {
            Node tree = Node.Read(a.GetProperty("tree"));
            Assert.Equal(a.GetProperty("size").GetInt64(), tree.Size);
            artifacts.Add(new ArtifactNode(a.GetProperty("path").GetString()!, a.GetProperty("kind").GetString()!, tree.Size, a.GetProperty("files").GetInt32(), tree,
                [.. a.GetProperty("warnings").EnumerateArray().Select(w => $"{w.GetProperty("code").GetString()} {w.GetProperty("message").GetString()}")]));
        }
        var budgets = json.RootElement.GetProperty("budgets").EnumerateArray().Select(b => new BudgetRow(
            b.GetProperty("name").GetString()!, b.GetProperty("scope").GetString()!, b.GetProperty("metric").GetString()!, b.GetProperty("value").GetInt64(),
            Optional(b, "max"), Optional(b, "warn"), b.GetProperty("verdict").GetString()!, b.GetProperty("matchCount").GetInt32(),
            [.. b.GetProperty("matches").EnumerateArray().Select(m => m.GetProperty("name").GetString()!)])).ToList();
        return new ReportDocument(artifacts, budgets, json.RootElement.GetProperty("toolchain").GetProperty("stage").GetString()!, text);
    }

    private static long? Optional(JsonElement json, string name) => json.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetInt64() : null;
}
