using System.Globalization;
using System.Text;
using System.Text.Json;
using BinarySize.IO;

namespace BinarySize.Formats.Archives;

/// <summary>How a container image is laid out.</summary>
public enum ImageLayoutKind
{
    /// <summary>OCI Image Layout Specification 1.1: index.json and blobs/.</summary>
    Oci,

    /// <summary>What `docker save` wrote before: manifest.json and one tar file a layer.</summary>
    DockerArchive,
}

/// <summary>A file of a container image: a layer, the config, a manifest.</summary>
/// <param name="Path">Its path in the archive or folder, with '/'.</param>
/// <param name="Digest">Its digest as the manifest has it, "sha256:…"; empty in a docker archive.</param>
/// <param name="MediaType">Its media type; empty in a docker archive.</param>
/// <param name="Offset">Its first byte in the archive; -1 in a folder.</param>
/// <param name="Size">Its bytes as it lies there (compressed); -1 where it is not there.</param>
public sealed record ImageBlob(string Path, string Digest, string MediaType, long Offset, long Size);

/// <summary>One image: for one platform, where an archive has several.</summary>
/// <param name="Name">Its platform ("linux/amd64"), tag, or number.</param>
/// <param name="Manifest">Its manifest; null in a docker archive.</param>
/// <param name="Config">Its config; null where the manifest names none.</param>
/// <param name="Layers">Its layers, the lowest first.</param>
public sealed record ImageDescription(string Name, ImageBlob? Manifest, ImageBlob? Config, IReadOnlyList<ImageBlob> Layers);

/// <summary>
/// What a container image consists of: an OCI layout or a docker archive, as a tar archive or as a folder.
/// </summary>
public sealed class ImageArchive
{
    private const int LargestDocument = 4 << 20, MostImages = 256, MostLayers = 1024, DeepestIndex = 4;

    private readonly List<ImageDescription> _images = [];
    private readonly List<string> _problems = [];
    private readonly List<ImageBlob> _indexes = [];

    private ImageArchive(ImageLayoutKind kind) => Kind = kind;

    public ImageLayoutKind Kind { get; }

    public IReadOnlyList<ImageDescription> Images => _images;

    /// <summary>Blobs that are indexes of manifests, besides index.json.</summary>
    public IReadOnlyList<ImageBlob> Indexes => _indexes;

    /// <summary>What is missing or damaged; empty where everything is in order.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Recognises a tar archive that is a container image. Never throws for what is in it.</summary>
    public static bool TryParse(ByteView tar, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ImageArchive? image)
    {
        image = null;
        if (FileFormats.Detect(tar) != FileFormat.Tar) return false;
        image = TryParse(tar, TarDirectory.Read(tar.AsStream(), tar.Length));
        return image is not null;
    }

    /// <summary>Recognises a folder that is an OCI image layout. Never throws for what is in its files; for files that cannot be read it says false.</summary>
    public static bool TryParseFolder(string folder, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ImageArchive? image)
    {
        image = null;
        if (!File.Exists(Path.Combine(folder, "index.json")) || !File.Exists(Path.Combine(folder, "oci-layout"))) return false;
        image = Parse(new FolderSource(folder));
        return image is not null;
    }

    internal static ImageArchive? TryParse(ByteView tar, TarDirectory directory)
    {
        // Cheap to say no: every such archive has one of the two at its top.
        bool isImage = false;
        foreach (ref readonly TarEntry e in directory.Entries)
        {
            ReadOnlySpan<byte> name = TrimDot(directory.Name(e));
            if (e.IsFile && (name.SequenceEqual("index.json"u8) || name.SequenceEqual("manifest.json"u8))) isImage = true;
        }
        return isImage ? Parse(new TarSource(tar, directory)) : null;
    }

    internal static ReadOnlySpan<byte> TrimDot(ReadOnlySpan<byte> name)
    {
        while (name.StartsWith("./"u8)) name = name[2..];
        return name;
    }

    /// <summary>Where the files of an image are.</summary>
    private abstract class Source
    {
        public abstract bool TryFind(string path, out long offset, out long size);

        public abstract byte[] Read(string path, long offset, long size);
    }

    private sealed class TarSource : Source
    {
        private readonly ByteView _bytes;
        private readonly Dictionary<string, (long Offset, long Size)> _files = new(StringComparer.Ordinal);

        public TarSource(ByteView bytes, TarDirectory directory)
        {
            _bytes = bytes;
            foreach (ref readonly TarEntry e in directory.Entries)
            {
                if (e.IsFile) _files[Encoding.UTF8.GetString(TrimDot(directory.Name(e)))] = (e.Data, e.Stored);
            }
        }

        public override bool TryFind(string path, out long offset, out long size)
        {
            bool found = _files.TryGetValue(path, out (long Offset, long Size) file);
            (offset, size) = file;
            return found;
        }

        public override byte[] Read(string path, long offset, long size) => _bytes.Span(offset, (int)size).ToArray();
    }

    private sealed class FolderSource(string folder) : Source
    {
        public override bool TryFind(string path, out long offset, out long size)
        {
            offset = -1;
            size = -1;
            // Only names that lead down: a digest is data from a file.
            if (path.Split('/').Any(s => s is "" or "." or "..") || path.Contains('\\', StringComparison.Ordinal)) return false;
            var file = new FileInfo(Path.Combine(folder, path));
            if (!file.Exists) return false;
            size = file.Length;
            return true;
        }

        public override byte[] Read(string path, long offset, long size)
        {
            try
            {
                return File.ReadAllBytes(Path.Combine(folder, path));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new BadFormatException(e.Message);
            }
        }
    }

    private static ImageArchive? Parse(Source source)
    {
        try
        {
            if (source.TryFind("index.json", out _, out _))
            {
                using JsonDocument? index = Load(source, "index.json");
                if (index is not null && Array(index.RootElement, "manifests") is { } manifests)
                {
                    var image = new ImageArchive(ImageLayoutKind.Oci);
                    image.ReadIndex(source, manifests, [], 0);
                    return image;
                }
            }
            if (source.TryFind("manifest.json", out _, out _))
            {
                using JsonDocument? manifest = Load(source, "manifest.json");
                if (manifest is { RootElement.ValueKind: JsonValueKind.Array })
                {
                    var image = new ImageArchive(ImageLayoutKind.DockerArchive);
                    image.ReadDocker(source, manifest.RootElement);
                    return image._images.Count > 0 ? image : null;
                }
            }
        }
        catch (BadFormatException)
        {
            // Any tar archive may have files of these names.
        }
        return null;
    }

    private void ReadIndex(Source source, JsonElement manifests, HashSet<string> seen, int depth)
    {
        foreach (JsonElement descriptor in manifests.EnumerateArray())
        {
            if (_images.Count >= MostImages || depth > DeepestIndex)
            {
                Say("it has more images than are read");
                return;
            }
            ImageBlob blob = Find(source, descriptor);
            if (blob.Size < 0 || !seen.Add(blob.Path)) continue;
            try
            {
                using JsonDocument? document = Load(source, blob.Path);
                if (document is null) continue;
                if (Array(document.RootElement, "manifests") is { } nested)
                {
                    _indexes.Add(blob);
                    ReadIndex(source, nested, seen, depth + 1);
                    continue;
                }
                var layers = new List<ImageBlob>();
                foreach (JsonElement layer in Array(document.RootElement, "layers")?.EnumerateArray() ?? default)
                {
                    if (layers.Count >= MostLayers) break;
                    layers.Add(Find(source, layer));
                }
                ImageBlob? config = Property(document.RootElement, "config") is { } c ? Find(source, c) : null;
                _images.Add(new ImageDescription(NameOf(descriptor), blob, config, layers));
            }
            catch (BadFormatException e)
            {
                Say($"{blob.Path}: {e.Message}");
            }
        }
    }

    private void ReadDocker(Source source, JsonElement manifests)
    {
        foreach (JsonElement manifest in manifests.EnumerateArray())
        {
            if (_images.Count >= MostImages) return;
            if (Array(manifest, "Layers") is not { } layers) continue;
            ImageBlob At(string path) => source.TryFind(path, out long offset, out long size) ? new ImageBlob(path, "", "", offset, size) : Missing(path, "", "");
            ImageBlob? config = Text(manifest, "Config") is { Length: > 0 } path ? At(path) : null;
            var blobs = new List<ImageBlob>();
            foreach (JsonElement layer in layers.EnumerateArray())
            {
                if (blobs.Count >= MostLayers) break;
                blobs.Add(At(TextOf(layer)));
            }
            string name = Array(manifest, "RepoTags") is { } tags && tags.GetArrayLength() > 0 ? TextOf(tags[0]) : "";
            _images.Add(new ImageDescription(name.Length > 0 ? name : Number(), null, config, blobs));
        }
    }

    private string Number() => "image " + (_images.Count + 1).ToString(CultureInfo.InvariantCulture);

    private string NameOf(JsonElement descriptor)
    {
        if (Property(descriptor, "platform") is { } platform && Text(platform, "architecture") is { Length: > 0 } architecture)
        {
            string name = Text(platform, "os") + "/" + architecture;
            return Text(platform, "variant") is { Length: > 0 } variant ? name + "/" + variant : name;
        }
        if (Property(descriptor, "annotations") is { } annotations && Text(annotations, "org.opencontainers.image.ref.name") is { Length: > 0 } tag) return tag;
        return Number();
    }

    private ImageBlob Find(Source source, JsonElement descriptor)
    {
        string digest = Text(descriptor, "digest"), media = Text(descriptor, "mediaType");
        string path = "blobs/" + digest.Replace(':', '/');
        if (!source.TryFind(path, out long offset, out long size)) return Missing(path, digest, media);
        if (Property(descriptor, "size") is { ValueKind: JsonValueKind.Number } stated && stated.TryGetInt64(out long bytes) && bytes != size)
        {
            Say($"{path} has {size} bytes, not the {bytes} that its manifest states");
        }
        return new ImageBlob(path, digest, media, offset, size);
    }

    private ImageBlob Missing(string path, string digest, string media)
    {
        Say($"{path} is not there");
        return new ImageBlob(path, digest, media, -1, -1);
    }

    private void Say(string problem)
    {
        if (_problems.Count < 100) _problems.Add(problem);
    }

    private static JsonDocument? Load(Source source, string path)
    {
        if (!source.TryFind(path, out long offset, out long size) || size is <= 0 or > LargestDocument) return null;
        byte[] bytes = source.Read(path, offset, size);
        if (bytes.Length > LargestDocument) return null;
        ReadOnlyMemory<byte> text = bytes;
        if (text.Span.StartsWith("\uFEFF"u8)) text = text[3..];
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException e)
        {
            throw new BadFormatException("not valid JSON: " + e.Message);
        }
    }

    private static JsonElement? Array(JsonElement element, string name) =>
        Property(element, name) is { ValueKind: JsonValueKind.Array } value ? value : null;

    private static JsonElement? Property(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) ? value : null;

    private static string Text(JsonElement element, string name) =>
        Property(element, name) is { } value ? TextOf(value) : "";

    private static string TextOf(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.String) return "";
        try
        {
            return element.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            // Bytes that are no UTF-8.
            return "";
        }
    }
}
