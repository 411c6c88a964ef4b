using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using BinarySize.IO;
using BinarySize.Reports;

namespace BinarySize.Baselines;

/// <summary>
/// The committed baseline, docs/schema/baseline-1.json: a snapshot for each target framework, RID, configuration and kind.
/// No totals, times or commits; ordinal order, LF; what moved by less than <see cref="Sticky"/> bytes keeps its value, so
/// that the noise of a toolchain changes no line.
/// </summary>
public sealed class BaselineFile
{
    /// <summary>Version of the schema.</summary>
    public const int Schema = 1;

    /// <summary>Changes of fewer bytes are not written.</summary>
    public const long Sticky = 64;

    /// <summary>The name of the file where nobody says.</summary>
    public const string DefaultName = "binarysize.baseline.json";

    // A real one has some hundred names a key; a larger file is not ours.
    internal const long MaxBytes = 16 << 20;

    /// <summary>Snapshots by key.</summary>
    public SortedDictionary<string, Snapshot> Entries { get; } = new(StringComparer.Ordinal);

    /// <summary>Reads a file; null where there is none.</summary>
    /// <exception cref="BadJsonException">It is no baseline of this version.</exception>
    public static BaselineFile? Read(string path) => ReadBytes(path) is { } bytes ? Parse(bytes) : null;

    /// <summary>The bytes of a file that may be a baseline; null where there is none.</summary>
    /// <exception cref="BadJsonException">It is larger than any baseline.</exception>
    internal static byte[]? ReadBytes(string path)
    {
        if (!File.Exists(path)) return null;
        if (new FileInfo(path).Length > MaxBytes) throw new BadJsonException("it is larger than any baseline", 1);
        return File.ReadAllBytes(path);
    }

    /// <summary>Reads the bytes of a file.</summary>
    /// <exception cref="BadJsonException">They are no baseline of this version.</exception>
    public static BaselineFile Parse(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > MaxBytes) throw new BadJsonException("it is larger than any baseline", 1);
        StrictJson json = StrictJson.Parse(utf8);
        StrictJson schema = json["schema"];
        long version = schema.Number();
        if (version != Schema) throw new BadJsonException(version > Schema ? $"it has schema {version} of a newer BinarySize; this one reads schema {Schema}" : $"there is no schema {version}", schema.Line);
        json.Only("schema", "baselines");
        var file = new BaselineFile();
        foreach ((string key, StrictJson entry) in json["baselines"].Members)
        {
            if (!IsKey(key)) throw new BadJsonException($"\"{key}\" is no key of the form framework/rid/configuration/kind", entry.Line);
            file.Entries.Add(key, SnapshotJson.Read(key, entry));
        }
        return file;
    }

    /// <summary>The key of a snapshot: "net10.0/linux-x64/Release/publish"; "any" for what is not known or does not matter.</summary>
    public static string KeyOf(string? framework, string? runtime, string? configuration, string kind) => $"{Part(framework)}/{Part(runtime)}/{Part(configuration)}/{Part(kind)}";

    /// <summary>True where a text has the form of a key.</summary>
    public static bool IsKey(string text) => text.Split('/') is { Length: 4 } parts && parts.All(p => p.Length > 0 && p == Part(p));

    /// <summary>The file's bytes.</summary>
    public byte[] Write()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, ReportJson.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteNumber("schema", Schema);
            json.WriteStartObject("baselines");
            foreach ((string key, Snapshot snapshot) in Entries)
            {
                json.WriteStartObject(key);
                SnapshotJson.WriteMembers(json, snapshot);
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    /// <summary>Writes the file, all or nothing.</summary>
    public void Save(string path) => AtomicFile.WriteBytes(path, Write());

    /// <summary>
    /// Takes snapshots in under their keys, in the file on disk. Builds of several frameworks and RIDs do so at the same time:
    /// one after the other has its turn. True where the file is another one now.
    /// </summary>
    /// <exception cref="BadJsonException">The file is no baseline of this version; it is left as it is.</exception>
    public static bool UpdateOnDisk(string path, IReadOnlyList<Snapshot> snapshots)
    {
        ArgumentNullException.ThrowIfNull(snapshots);
        path = Path.GetFullPath(path);
        string turn = Path.Combine(Path.GetTempPath(), $"binarysize-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(path)))[..16]}.lock");
        using FileStream held = Hold(turn);
        BaselineFile file = Read(path) ?? new BaselineFile();
        byte[] before = File.Exists(path) ? File.ReadAllBytes(path) : [];
        foreach (Snapshot snapshot in snapshots) file.Update(snapshot);
        byte[] after = file.Write();
        AtomicFile.WriteBytes(path, after);
        return !before.AsSpan().SequenceEqual(after);
    }

    private static FileStream Hold(string path)
    {
        for (int i = 0; ; i++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (i < 600)
            {
                Thread.Sleep(50);
            }
        }
    }

    /// <summary>Takes a new snapshot in under its key; values that hardly moved stay.</summary>
    public void Update(Snapshot now)
    {
        ArgumentNullException.ThrowIfNull(now);
        Snapshot? before = Entries.GetValueOrDefault(now.Key);
        Entries[now.Key] = before is null ? now : now with
        {
            Files = Keep(before.Files, now.Files),
            Further = Keep(before.Further, now.Further),
            Packages = Keep(before.Packages, now.Packages),
            Assemblies = Keep(before.Assemblies, now.Assemblies),
            Budgets = Keep(before.Budgets, now.Budgets),
        };
    }

    private static SortedDictionary<string, SnapshotValue> Keep(SortedDictionary<string, SnapshotValue> before, SortedDictionary<string, SnapshotValue> now)
    {
        SortedDictionary<string, SnapshotValue> kept = Snapshot.Empty();
        foreach ((string name, SnapshotValue value) in now)
        {
            // Both numbers or none: the padding of one day does not fit the size of another.
            kept[name] = before.TryGetValue(name, out SnapshotValue? was) && Math.Abs(value.Size - was.Size) < Sticky && Math.Abs(value.Padding - was.Padding) < Sticky ? was : value;
        }
        return kept;
    }

    private static SortedDictionary<string, SnapshotSelection> Keep(SortedDictionary<string, SnapshotSelection> before, SortedDictionary<string, SnapshotSelection> now)
    {
        var kept = new SortedDictionary<string, SnapshotSelection>(StringComparer.Ordinal);
        foreach ((string name, SnapshotSelection selection) in now)
        {
            // A count has no noise.
            bool isCount = selection.Selection.StartsWith("count ", StringComparison.Ordinal);
            kept[name] = !isCount && before.TryGetValue(name, out SnapshotSelection? was) && was.Selection == selection.Selection ? new SnapshotSelection(selection.Selection, Keep(was.Values, selection.Values)) : selection;
        }
        return kept;
    }

    private static string Part(string? text) => string.IsNullOrEmpty(text) ? "any" : string.Create(text.Length, text, static (to, from) =>
    {
        for (int i = 0; i < to.Length; i++) to[i] = char.IsAsciiLetterOrDigit(from[i]) || from[i] is '.' or '-' or '_' or '+' ? from[i] : '_';
    });
}
