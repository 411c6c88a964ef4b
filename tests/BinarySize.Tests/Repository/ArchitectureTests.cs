using System.Text.RegularExpressions;

namespace BinarySize.Tests.Repository;

/// <summary>Keeps the floors of docs/architecture.md: a room uses only rooms on its own floor and below.</summary>
public partial class ArchitectureTests
{
    private static readonly Dictionary<string, int> s_floors = new()
    {
        ["IO"] = 1,
        ["Mapping"] = 1,
        ["Formats"] = 2,
        ["Attribution"] = 2,
        ["Artifacts"] = 3,
        ["Shrinking"] = 3,
        ["Retention"] = 3,
        ["Reports"] = 4,
        ["Baselines"] = 5,
        ["Budgets"] = 6,
        ["Variants"] = 6,
        ["Rendering"] = 7,
        ["Gate"] = 8,
        ["Build"] = 9,
        ["Cli"] = 9,
    };

    [Fact]
    public void Every_source_file_stands_in_a_room()
    {
        foreach ((string file, string room) in Sources()) Assert.True(s_floors.ContainsKey(room), $"{file} stands in '{room}', which is no room");
    }

    [Fact]
    public void A_room_uses_only_rooms_on_its_own_floor_and_below()
    {
        var wrong = new List<string>();
        foreach ((string file, string room) in Sources())
        {
            string code = NoComments().Replace(File.ReadAllText(file), "");
            foreach (Match use in Uses().Matches(code))
            {
                string used = use.Groups[1].Value;
                if (s_floors.TryGetValue(used, out int floor) && floor > s_floors[room]) wrong.Add($"{file}: {room} (floor {s_floors[room]}) uses {used} (floor {floor})");
            }
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public void The_rule_sees_a_file_that_breaks_it()
    {
        Assert.Equal("Rendering", Uses().Match("using BinarySize.Rendering;").Groups[1].Value);
        Assert.Equal("Budgets", Uses().Match("var x = Budgets.ByteSize.Format(1);").Groups[1].Value);
        Assert.Empty(NoComments().Replace("/// <see cref=\"Formats.X\"/>\n// Rendering.Y\n", "").Trim());
    }

    private static IEnumerable<(string File, string Room)> Sources()
    {
        foreach (string project in (string[])["BinarySize", "BinarySize.Gate", "BinarySize.Build", "BinarySize.Cli"])
        {
            string root = Path.Combine(Samples.Root, "src", project);
            if (!Directory.Exists(root)) continue;
            foreach (string file in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories))
            {
                string relative = Path.GetRelativePath(root, file).Replace('\\', '/');
                if (relative.StartsWith("obj/", StringComparison.Ordinal) || relative.StartsWith("bin/", StringComparison.Ordinal)) continue;
                yield return (file, project == "BinarySize" ? relative.Split('/')[0] : project["BinarySize.".Length..]);
            }
        }
    }

    // A using directive, a full name, or a name that begins with a room.
    [GeneratedRegex(@"(?<![\w.""])(?:BinarySize\.)?(IO|Mapping|Formats|Attribution|Artifacts|Shrinking|Retention|Reports|Baselines|Budgets|Variants|Rendering|Gate|Build|Cli)(?:\.[A-Z]\w*|;)")]
    private static partial Regex Uses();

    [GeneratedRegex(@"//[^\n]*")]
    private static partial Regex NoComments();
}
